// The program with people in it, and a browser in front of it.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const PASSWORD = "een heel lang wachtwoord 7";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/// The program as a child, until it has said where its dashboard is and how the first account is made.
function start(args, options = {}) {
  const child = spawn(process.env.ENGAGED, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const said = [];
  const found = new Promise((resolve, reject) => {
    const hear = (chunk) => {
      said.push(chunk.toString());
      const link = said.join("").match(/(http:\/\/127\.0\.0\.1:\d+)(\/setup\/\S+)/);
      if (link) resolve({ url: link[1], setup: link[1] + link[2] });
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", (code) => reject(new Error(`the program ended with ${code}:\n${said.join("")}`)));
  });
  return { child, found, said };
}

async function stop(child) {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

/// A dashboard: `demo` (the demo's people), `trouble` (the same after things went wrong) or `empty`.
export async function site(kind) {
  let started;
  let folder;
  if (kind === "empty") {
    folder = mkdtempSync(join(tmpdir(), "engaged-empty-"));
    const config = join(folder, "engaged.toml");
    writeFileSync(config, EMPTY);
    started = start(["--config", config, "run"]);
  } else {
    const trouble = kind === "trouble" ? ["--trouble"] : [];
    started = start(["demo", "--people", "600", "--seed", "1", ...trouble]);
  }
  try {
    const found = await started.found;
    return {
      ...found,
      said: started.said,
      close: async () => {
        await stop(started.child);
        if (folder) rmSync(folder, { recursive: true });
      },
    };
  } catch (error) {
    await stop(started.child);
    throw error;
  }
}

const EMPTY = `timezone = "Europe/Amsterdam"
[web]
listen = "127.0.0.1:0"
[scores.engagement]
rules = [{ when = "click", points = 10 }]
bands = [{ name = "engaged", from = 1 }, { name = "away" }]
[segments]
hot = "engagement > 20"
`;

export function browser() {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
}

/// A page that fails the test when its console has an error or its content policy is violated.
export async function watched(context) {
  const page = await context.newPage();
  page.faults = [];
  page.on("console", (message) => {
    if (message.type() === "error") page.faults.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => page.faults.push(`${page.url()}: ${error}`));
  return page;
}

/// The first account, and a page that is logged in with it.
export async function setUp(page, dashboard) {
  await page.goto(dashboard.setup);
  await page.locator("#name").fill("marit");
  await page.locator("#password").fill(PASSWORD);
  await page.locator("#again").fill(PASSWORD);
  await page.locator("main form.stack button").click();
  await page.waitForURL(dashboard.url + "/");
}

/// What axe finds that is serious or worse, a line each.
export async function axe(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return result.violations.map((each) => ({
      id: each.id, impact: each.impact, nodes: each.nodes.map((node) => node.html.slice(0, 200)),
    }));
  });
  return found
    .filter((each) => each.impact === "serious" || each.impact === "critical")
    .map((each) => `${page.url()} ${each.id} (${each.impact}): ${each.nodes.slice(0, 3).join(" | ")}`);
}

export const PAGES = [
  "/", "/scores", "/segments", "/contacts", "/rules", "/automations", "/cleaning", "/push", "/sync", "/privacy", "/settings",
];
