### Kan ik de gegevens vertrouwen?

sync-lead = Wat niet compleet is, wordt door niemand beoordeeld: over een gat in onze eigen gegevens heen concluderen we nooit dat iemand stil was.
sync-blocked-help = De gegevens staan stil, en er wordt geen stilte mee beoordeeld, tot de sleutel weer werkt. Maak op het platform een nieuwe sleutel, zet die in het bestand en synchroniseer.
sync-platform = platform
sync-last = laatste goede synchronisatie
sync-complete = compleet tot en met
sync-next = volgende synchronisatie
sync-contacts = contacten daar
sync-rejects = rijen niet begrepen
sync-webhook = laatste webhook
sync-webhook-refused = geweigerde webhooks
sync-run = Synchroniseer “{ $name }” nu
sync-done = “{ $name }” is gesynchroniseerd.
sync-under-way = “{ $name }” wordt gesynchroniseerd. Deze pagina laat zien wanneer het klaar is.
sync-strip = De laatste zeven dagen, uur voor uur
sync-strip-message = { $good ->
    [one] { $good } synchronisatie ging goed
   *[other] { $good } synchronisaties gingen goed
}, { $bad ->
    [one] { $bad } niet
   *[other] { $bad } niet
}.
sync-strip-empty = Er is nog niets gesynchroniseerd.
sync-runs = { $good } goed, { $bad } niet
sync-state-ok = goed
sync-state-partly = deels
sync-state-failed = mislukt
sync-state-nothing = niets gedraaid
sync-brought = Nieuwe events
sync-brought-message = { $n ->
    [one] Gesynchroniseerd op { $n } van de laatste { $days } dagen.
   *[other] Gesynchroniseerd op { $n } van de laatste { $days } dagen.
}
sync-brought-empty = In deze dagen kwam niets binnen.
sync-events = nieuwe events
sync-holes = Gaten
sync-holes-help = Dagen die onze eigen synchronisatie niet dekt. Lees ze in met “engaged import”, of wacht tot ze er niet meer toe doen.
sync-holes-caption = Dagen die niet compleet zijn, de nieuwste eerst
sync-no-holes = Er zijn geen gaten.
sync-hole-from = van
sync-hole-to = tot en met
sync-hole-days = dagen
sync-ever = het begin
sync-short = Minder gemeld dan geteld
sync-short-help = Op deze dagen telt het platform meer dan er bij ons aankwam. Over die dagen wordt niemand beoordeeld, tot de rest er is.
sync-short-caption = Dagen waarvan niet alles aankwam, de nieuwste eerst
sync-short-campaign = mailing
sync-short-kind = soort
sync-short-came = aangekomen
sync-short-of = { $n } van { $of } gemeld
sync-short-more = Nog { $n } van zulke dagen of reeksen dagen.
