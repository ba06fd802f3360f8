// Reads from and writes to a Ghost stand-in with Ghost's own client: node ghost.mjs BASE_URL KEY
import assert from "node:assert/strict";
import GhostAdminAPI from "@tryghost/admin-api";

const [url, key] = process.argv.slice(2);
assert(url && key, "usage: node ghost.mjs BASE_URL KEY");
const ghost = new GhostAdminAPI({ url, key, version: "v6.0" });

/** All rows of a collection, page by page. */
async function all(resource, options = {}) {
  const found = [];
  for (let page = 1; page; ) {
    const rows = await resource.browse({ ...options, limit: 100, page });
    found.push(...rows);
    page = rows.meta.pagination.next;
    assert.equal(rows.meta.pagination.total >= found.length, true);
  }
  return found;
}

const site = await ghost.site.read();
assert.equal(typeof site.title, "string");

const members = await all(ghost.members);
assert(members.length > 0);
assert.equal(new Set(members.map((member) => member.id)).size, members.length);
const newsletters = await all(ghost.newsletters);
assert(newsletters.length > 0);
const posts = await all(ghost.posts);
assert(posts.length > 0);

const somebody = await ghost.members.read({ id: members[0].id });
assert.equal(somebody.email, members[0].email);
const names = somebody.labels.map(({ name }) => ({ name }));
const edited = await ghost.members.edit({ id: somebody.id, labels: [...names, { name: "cold" }] });
assert(edited.labels.some((label) => label.name === "cold"));
assert.equal(edited.labels.length, names.length + 1);
const labelled = await all(ghost.members, { filter: "label:cold" });
assert.deepEqual(labelled.map((member) => member.id), [somebody.id]);
const restored = await ghost.members.edit({ id: somebody.id, labels: names });
assert.equal(restored.labels.length, names.length);

await assert.rejects(ghost.members.read({ id: "0".repeat(24) }), { name: "NotFoundError" });
const wrong = new GhostAdminAPI({ url, key: key.replace(/:../, ":00"), version: "v6.0" });
await assert.rejects(wrong.members.browse(), { name: "UnauthorizedError" });

console.log(`ghost: ${members.length} members read, all writes as expected`);
