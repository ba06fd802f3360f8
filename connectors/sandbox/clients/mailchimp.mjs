// Reads from and writes to a Mailchimp stand-in with Mailchimp's own client: node mailchimp.mjs BASE_URL KEY
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import mailchimp from "@mailchimp/mailchimp_marketing";

const [baseUrl, key] = process.argv.slice(2);
assert(baseUrl && key, "usage: node mailchimp.mjs BASE_URL KEY");
mailchimp.setConfig({ apiKey: key });
// The client makes its address from a data centre's name; this is where it keeps the whole of it.
mailchimp.basePath = baseUrl;

const md5 = (address) => createHash("md5").update(address.toLowerCase()).digest("hex");

/** All rows of a collection, page by page. */
async function all(rows, ask) {
  const found = [];
  for (;;) {
    const page = await ask({ count: 100, offset: found.length });
    found.push(...page[rows]);
    if (found.length >= page.total_items) return found;
    assert(page[rows].length > 0, `${rows} end before their total`);
  }
}

/** The status and title of a refusal. */
async function refused(promise) {
  const error = await promise.then(() => assert.fail("should have been refused"), (error) => error);
  const body = error.response.body ?? JSON.parse(error.response.text);
  return [error.status, body.title];
}

async function reads() {
  assert.equal((await mailchimp.ping.get()).health_status, "Everything's Chimpy!");
  const { lists } = await mailchimp.lists.getAllLists();
  const list = lists[0].id;
  const members = await all("members", (page) => mailchimp.lists.getListMembersInfo(list, page));
  assert.equal(new Set(members.map((member) => member.id)).size, members.length);
  assert(members.every((member) => member.id === md5(member.email_address)));
  const fields = ["members.id", "total_items"];
  const slim = await mailchimp.lists.getListMembersInfo(list, { count: 1, fields });
  assert.deepEqual(Object.keys(slim.members[0]), ["id"]);

  const reports = await all("reports", (page) => mailchimp.reports.getAllCampaignReports(page));
  const { id, emails_sent, opens } = reports[0];
  const activity = await all("emails", (page) => mailchimp.reports.getEmailActivityForCampaign(id, page));
  assert.equal(activity.length, emails_sent);
  const opened = activity.flatMap((row) => row.activity).filter((act) => act.action === "open");
  assert.equal(opened.length, opens.opens_total);
  const details = await all("members", (page) => mailchimp.reports.getCampaignOpenDetails(id, page));
  assert.equal(details.length, opens.unique_opens);
  const sent = await all("sent_to", (page) => mailchimp.reports.getCampaignRecipients(id, page));
  assert.equal(sent.length, emails_sent);
  await all("orders", (page) => mailchimp.ecommerce.orders(page));
  return { list, members };
}

async function writes({ list, members }) {
  const somebody = members.find((member) => member.status === "subscribed");
  const made = await mailchimp.lists.addListMergeField(list, { tag: "ENGSCORE", name: "Score", type: "number" });
  assert.equal(made.tag, "ENGSCORE");
  const edited = await mailchimp.lists.updateListMember(
    list, somebody.id, { merge_fields: { ENGSCORE: 42 } }, { skipMergeValidation: true });
  assert.equal(Number(edited.merge_fields.ENGSCORE), 42);
  assert(edited.last_changed > somebody.last_changed);
  assert.equal(edited.status, "subscribed");

  await mailchimp.lists.updateListMemberTags(list, somebody.id, { tags: [{ name: "cold", status: "active" }] });
  const { tags } = await mailchimp.lists.getListMemberTags(list, somebody.id, { count: 1000 });
  assert(tags.some((tag) => tag.name === "cold"));

  const left = members.find((member) => member.status === "unsubscribed");
  if (left) {
    const again = mailchimp.lists.updateListMember(list, left.id, { status: "subscribed" });
    assert.deepEqual(await refused(again), [400, "Member In Compliance State"]);
  }
  assert.deepEqual(await refused(mailchimp.lists.getListMember(list, md5("nobody@example.org"))), [404, "Resource Not Found"]);
  return somebody;
}

async function batch({ list }, somebody) {
  const operations = [{
    method: "PATCH", path: `/lists/${list}/members/${somebody.id}`, operation_id: "one",
    params: { skip_merge_validation: "true" }, body: JSON.stringify({ merge_fields: { ENGSCORE: 43 } }),
  }];
  let state = await mailchimp.batches.start({ operations });
  assert.equal(state.status, "pending");
  for (let polls = 0; state.status !== "finished"; polls += 1) {
    assert(polls < 20, "the batch does not finish");
    state = await mailchimp.batches.status(state.id);
  }
  assert.equal(state.errored_operations, 0);
  const results = await fetch(state.response_body_url);
  assert.equal(results.status, 200);
  const member = await mailchimp.lists.getListMember(list, somebody.id);
  assert.equal(Number(member.merge_fields.ENGSCORE), 43);
}

const seen = await reads();
await batch(seen, await writes(seen));
console.log(`mailchimp: ${seen.members.length} members read, all writes as expected`);
