### Page: contacts

contacts-address = Address begins with
contacts-who = Who
contacts-everybody = everybody
contacts-segments = Segments
contacts-bands = Bands of { $score }
contacts-stages = Stages
contacts-unjudged = Not judged, because
contacts-sort = Order
contacts-sort-known = as they became known
contacts-sort-most = most { $score } first
contacts-sort-fewest = least { $score } first
contacts-show = Show
contacts-where = For whom this holds
contacts-where-help = In the words of the rules, such as: no open in 3 months and engagement > 10
contacts-wrong = This condition cannot be read:
contacts-no-name = There is no “{ $name }” here.
contacts-no-address = With your role you find a contact by its whole address only: type it into the search box at the top.
contacts-contact = Contact
contacts-belongs = Segments and stage
contacts-because = because { $why }
contacts-not-scored = not scored yet
contacts-objected = objected: not scored
contacts-caption = Contacts, as the last score run found them
contacts-caption-now = Contacts, as they are now
contacts-nobody = Nobody is in this list.
contacts-nobody-yet = Nobody yet among those that were looked at.
contacts-more-than = { $n ->
    [one] more than { $n } contact
   *[other] more than { $n } contacts
}
contacts-not-sorted = This list is too long to be sorted. A band comes from its most points, any other list as its contacts became known.
contacts-looked-at-all = { $n ->
    [0] Nobody found. All were looked at: { $seen } of { $all }.
    [one] One contact on this page. All were looked at: { $seen } of { $all }.
   *[other] { $n } contacts on this page. All were looked at: { $seen } of { $all }.
}
contacts-looked-and-full = { $n } contacts on this page, after looking at { $seen } (of { $all }).
contacts-looked-so-far = { $n ->
    [0] Nobody found yet: { $seen } were looked at, of { $all }.
    [one] One contact found: { $seen } were looked at, of { $all }.
   *[other] { $n } contacts found: { $seen } were looked at, of { $all }.
}
contacts-look-on = Go on looking
contacts-pages = Pages of contacts
contacts-export = The whole list as a file
contacts-export-help = Every contact of this list as it is now, with its address. Who took it, and how many contacts, stands in the audit trail.
