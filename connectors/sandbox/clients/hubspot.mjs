// Reads from and writes to a HubSpot stand-in with HubSpot's own client: node hubspot.mjs BASE_URL TOKEN FILE
// FILE holds the line that the stand-in printed, with a delivery of its webhooks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Client, Signature } from "@hubspot/api-client";

const [basePath, accessToken, file] = process.argv.slice(2);
assert(basePath && accessToken && file, "usage: node hubspot.mjs BASE_URL TOKEN FILE");
const hubspot = new Client({ accessToken, basePath });

/** All rows of a collection, page by page. */
async function all(ask) {
  const found = [];
  for (let after; ;) {
    const { results, paging } = await ask(after);
    found.push(...results);
    after = paging?.next?.after;
    if (!after) return found;
  }
}

/** What a request that the client has no verb for is answered with. */
async function ask(method, path, body) {
  const response = await hubspot.apiRequest({ method, path, body });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

/** The status and category of a refusal. */
async function refused(promise) {
  const error = await promise.then(() => assert.fail("should have been refused"), (error) => error);
  return [error.code, error.body.category];
}

async function contacts() {
  const { basicApi, searchApi, batchApi } = hubspot.crm.contacts;
  const listed = await all((after) => basicApi.getPage(100, after, ["email", "hs_email_optout", "hs_email_open"]));
  assert.equal(new Set(listed.map((contact) => contact.id)).size, listed.length);
  assert(listed.every(({ createdAt, updatedAt, properties }) =>
    createdAt instanceof Date && updatedAt >= createdAt && properties.email.includes("@")));
  assert(listed.some((contact) => contact.properties.hs_email_optout === "true"));
  assert(listed.some((contact) => contact.properties.hs_email_open === null));

  const search = (filters, after) => searchApi.doSearch({
    filterGroups: [{ filters }], sorts: [{ propertyName: "lastmodifieddate", direction: "ASCENDING" }],
    properties: ["email"], limit: 100, after,
  });
  const since = [{ propertyName: "lastmodifieddate", operator: "GTE", value: "0" }];
  const searched = await all((after) => search(since, after));
  assert.deepEqual(new Set(searched.map(({ id }) => id)), new Set(listed.map(({ id }) => id)));
  assert(searched.every((contact, place) => place === 0 || contact.updatedAt >= searched[place - 1].updatedAt));
  const { total } = await search([{ propertyName: "hs_email_optout", operator: "EQ", value: "true" }]);
  assert.equal(total, listed.filter((contact) => contact.properties.hs_email_optout === "true").length);
  assert.deepEqual(await refused(search(since, "10000")), [400, "VALIDATION_ERROR"]);

  const [first, second] = listed;
  const read = await batchApi.read({
    inputs: [{ id: first.properties.email.toUpperCase() }, { id: "nobody@example.org" }], idProperty: "email", properties: ["email"],
  });
  assert.deepEqual(read.results.map(({ id }) => id), [first.id]);
  assert.deepEqual([read.numErrors, read.errors[0].category], [1, "OBJECT_NOT_FOUND"]);
  return { listed, first, second };
}

async function scores({ first, second }) {
  const { coreApi } = hubspot.crm.properties;
  const made = await coreApi.create("contacts", {
    name: "engagement_score", label: "Score", groupName: "contactinformation", type: "number", fieldType: "number",
  });
  assert.equal(made.name, "engagement_score");
  assert.equal((await coreApi.getByName("contacts", "engagement_score")).type, "number");
  const inputs = [first, second].map(({ id }, place) => ({ id, properties: { engagement_score: String(70 + place) } }));
  const written = await hubspot.crm.contacts.batchApi.update({ inputs });
  assert.equal(written.status, "COMPLETE");
  const score = Object.fromEntries(written.results.map(({ id, properties }) => [id, Number(properties.engagement_score)]));
  assert.deepEqual(score, { [first.id]: 70, [second.id]: 71 });
  const part = await hubspot.crm.contacts.batchApi.update({ inputs: [inputs[0], { ...inputs[1], id: "1" }] });
  assert.deepEqual([part.results.length, part.numErrors], [1, 1]);
  const bad = [{ id: first.id, properties: { no_such_property: "1" } }];
  assert.deepEqual(await refused(hubspot.crm.contacts.batchApi.update({ inputs: bad })), [400, "VALIDATION_ERROR"]);
}

async function lists({ first, second }) {
  const { listsApi, membershipsApi } = hubspot.crm.lists;
  const { list } = await listsApi.create({ name: "Stil 180 dagen", objectTypeId: "0-1", processingType: "MANUAL" });
  const found = await listsApi.getByName("Stil 180 dagen", "0-1");
  assert.equal(found.list.listId, list.listId);
  const added = await membershipsApi.add(list.listId, [first.id, second.id, "1"]);
  assert.deepEqual([added.recordsIdsAdded, added.recordIdsMissing], [[first.id, second.id], ["1"]]);
  await membershipsApi.remove(list.listId, [second.id]);
  const { results } = await membershipsApi.getPage(list.listId);
  assert.deepEqual(results.map(({ recordId }) => recordId), [first.id]);
}

async function purchases() {
  const deals = await all((after) => hubspot.crm.deals.basicApi.getPage(100, after, ["amount", "dealstage"], undefined, ["contacts"]));
  assert(deals.some((deal) => deal.properties.dealstage === "closedwon" && Number(deal.properties.amount) > 0));
  const bought = deals.find((deal) => deal.associations.contacts.results.length > 0);
  const read = await hubspot.crm.associations.v4.batchApi.getPage("deals", "contacts", { inputs: [{ id: bought.id }] });
  assert.equal(String(read.results[0].to[0].toObjectId), bought.associations.contacts.results[0].id);
  return deals.length;
}

async function events() {
  let offset = "";
  const found = [];
  for (let more = true; more;) {
    const page = await ask("GET", `/email/public/v1/events?limit=1000&eventType=OPEN${offset && `&offset=${offset}`}`);
    assert.equal(page.status, 200);
    found.push(...page.body.events);
    ({ hasMore: more, offset } = page.body);
  }
  assert.equal(new Set(found.map(({ id }) => id)).size, found.length);
  assert(found.every((event, place) => place === 0 || event.created <= found[place - 1].created));
  assert(found.some((event) => event.filteredEvent) && found.some((event) => !event.filteredEvent));
  return found.length;
}

async function forms() {
  const { results } = await hubspot.marketing.forms.formsApi.getPage();
  const page = await ask("GET", `/form-integrations/v1/submissions/forms/${results[0].id}?limit=50`);
  assert(page.body.results.every((row, place, rows) => place === 0 || row.submittedAt <= rows[place - 1].submittedAt));
}

async function starts({ first }) {
  const start = (workflow) => ask("POST", `/automation/v2/workflows/${workflow}/enrollments/contacts/${first.properties.email}`);
  assert.equal((await start(9401)).status, 204);
  assert.equal((await start(1401)).status, 404);
  await hubspot.events.send.basicApi.send({ eventName: "pe62515_stil", email: first.properties.email, properties: {} });
}

async function consent({ listed }) {
  const { properties: { email } } = listed.findLast((contact) => contact.properties.hs_email_optout !== "true");
  const path = `/communication-preferences/v4/statuses/${encodeURIComponent(email)}`;
  const before = await ask("GET", `${path}?channel=EMAIL`);
  assert.equal(before.body.results[0].subscriberIdString, email);
  assert.deepEqual((await ask("GET", `${path}/unsubscribe-all?channel=EMAIL`)).body.results, []);
  const left = await ask("POST", `${path}/unsubscribe-all?channel=EMAIL&verbose=true`);
  assert.equal(left.body.results[0].setStatusSuccessReason, "UNSUBSCRIBE_FROM_ALL_OCCURRED");
  const after = await ask("GET", `${path}/unsubscribe-all?channel=EMAIL`);
  assert.equal(after.body.results[0].status, "UNSUBSCRIBED");
}

function webhook() {
  const { client_secret: clientSecret, delivery } = JSON.parse(readFileSync(file, "utf8"));
  const headers = Object.fromEntries(delivery.headers);
  const signed = {
    signatureVersion: "v3", method: delivery.method, clientSecret, url: delivery.url, requestBody: delivery.body,
    signature: headers["X-HubSpot-Signature-v3"], timestamp: Number(headers["X-HubSpot-Request-Timestamp"]),
  };
  assert(Signature.isValid(signed));
  assert(!Signature.isValid({ ...signed, requestBody: delivery.body.replace("true", "false") }));
  assert(JSON.parse(delivery.body).some(({ propertyName }) => propertyName === "hs_email_optout"));
}

webhook();
const seen = await contacts();
await scores(seen);
await lists(seen);
const deals = await purchases();
const opens = await events();
await forms();
await starts(seen);
await consent(seen);
const wrong = new Client({ accessToken: "pat-eu1-wrong", basePath });
assert.deepEqual(await refused(wrong.crm.contacts.basicApi.getPage()), [401, "INVALID_AUTHENTICATION"]);
console.log(`hubspot: ${seen.listed.length} contacts, ${deals} deals and ${opens} opens read, all writes as expected`);
