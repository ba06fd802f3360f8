// Every page x empty, normal and broken data x light and dark x Dutch and English: axe finds nothing serious, the
// console is silent, the content policy holds.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { PAGES, axe, browser, setUp, site, watched } from "./stage.mjs";

const PICTURES = process.env.UPDATE_SCREENSHOTS ? "../../docs/screenshots" : "../../target/screenshots";

let chrome;
before(async () => {
  chrome = await browser();
  mkdirSync(PICTURES, { recursive: true });
});
after(() => chrome.close());

async function choose(page, dashboard, language, theme) {
  await page.goto(dashboard.url + "/settings");
  await page.locator("#language").selectOption(language);
  await page.locator("#theme").selectOption(theme);
  await page.locator("#preferences button[type=submit]").click();
  await page.waitForURL(dashboard.url + "/settings");
  assert.equal(await page.locator("html").getAttribute("lang"), language);
}

/// The pages of a contact, a run and the like: the first that a list leads to.
async function further(page, dashboard) {
  const found = [];
  for (const [list, pattern] of [["/contacts", "a[href^='/contacts/']"], ["/push", "a[href^='/push/']"], ["/rules", "a[href^='/rules/']"]]) {
    await page.goto(dashboard.url + list);
    const link = page.locator(`main ${pattern}`).first();
    if (await link.count()) found.push(await link.getAttribute("href"));
  }
  return found;
}

for (const kind of ["demo", "empty", "trouble"]) {
  describe(`pages on ${kind} data`, () => {
    let dashboard, context, page;
    before(async () => {
      dashboard = await site(kind);
      context = await chrome.newContext({ viewport: { width: 1280, height: 720 } });
      page = await watched(context);
      await setUp(page, dashboard);
    });
    after(async () => {
      await context.close();
      await dashboard.close();
    });
    for (const language of ["nl", "en"]) {
      for (const theme of ["light", "dark"]) {
        it(`${language} ${theme}`, async () => {
          await choose(page, dashboard, language, theme);
          const pages = [...PAGES, ...(await further(page, dashboard))];
          const serious = [];
          for (const path of pages) {
            const answer = await page.goto(dashboard.url + path);
            assert.equal(answer.status(), 200, path);
            serious.push(...(await axe(page)));
            if (kind === "demo" && (language === "en") === (theme === "light")) {
              const name = path === "/" ? "overview" : path.slice(1).split(/[/?]/)[0] + (path.split("/").length > 2 ? "-one" : "");
              await page.screenshot({ path: join(PICTURES, `${name}-${language}-${theme}.png`) });
            }
          }
          assert.deepEqual(serious, []);
          assert.deepEqual(page.faults, []);
          if (kind === "demo") assert.ok(pages.length > PAGES.length, "a contact has a page");
        });
      }
    }
  });
}
