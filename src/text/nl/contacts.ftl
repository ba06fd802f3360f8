### Pagina: contacten

## Waarom iemand nog niet te beoordelen is
contacts-unjudged-too-new = te kort geleden ingeschreven
contacts-unjudged-not-tracked = opens en kliks worden niet gemeten
contacts-unjudged-not-mailed = geen mail gekregen
contacts-unjudged-too-few-sends = te weinig mails om het te zeggen
contacts-unjudged-coverage-gap = er zit een gat in onze eigen gegevens
contacts-unjudged-unmeasurable = een privacyproxy opent de mails
contacts-unjudged-other = er ontbreekt iets
