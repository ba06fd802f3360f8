### Page: contacts

## Why somebody is not judged
contacts-unjudged-too-new = subscribed too recently
contacts-unjudged-not-tracked = opens and clicks are not measured
contacts-unjudged-not-mailed = not mailed
contacts-unjudged-too-few-sends = too few mails to tell
contacts-unjudged-coverage-gap = our own data has a gap
contacts-unjudged-unmeasurable = a privacy proxy opens the mails
contacts-unjudged-other = something is missing
