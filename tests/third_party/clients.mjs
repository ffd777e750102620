// Clients that others wrote, as they are, against the simulator. Argument: a JSON file with origins, tokens and names.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Octokit } from "@octokit/core";
import { paginateRest } from "@octokit/plugin-paginate-rest";
import { SupabaseManagementAPI } from "supabase-management-js";

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const at = JSON.parse(readFileSync(process.argv[2], "utf8"));
const say = (who, what) => console.log(`${who}: ${what}`);

async function octokit() {
  const Paging = Octokit.plugin(paginateRest);
  const github = new Paging({ auth: at.github.token, baseUrl: at.github.base });
  const [owner, repo] = at.github.repository.split("/");
  const here = { owner, repo };
  const me = await github.request("GET /user");
  assert.equal(typeof me.data.login, "string");
  const runs = await github.paginate("GET /repos/{owner}/{repo}/actions/runs", { ...here, per_page: 3 });
  const all = await github.request("GET /repos/{owner}/{repo}/actions/runs", { ...here, per_page: 100 });
  assert.equal(runs.length, all.data.total_count, "pages of three hold every run once");
  assert.equal(new Set(runs.map((one) => one.id)).size, runs.length);
  const jobs = await github.request("GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs", { ...here, run_id: runs[0].id });
  assert.ok(jobs.data.jobs.length > 0);
  // A client that follows the addresses in the answers never leaves where it began.
  const addresses = JSON.stringify(all.data).match(/"url":"(http[^"]+)"/g);
  assert.ok(addresses.every((one) => one.includes(at.github.base)), "every address leads back here");
  const followed = await github.paginate(all.data.workflow_runs[0].jobs_url, { per_page: 1 });
  assert.equal(followed.length, (await github.request(all.data.workflow_runs[0].jobs_url)).data.total_count);
  const checked = all.data.workflow_runs.find((one) => one.event === "pull_request" && one.conclusion === "success");
  const artifacts = await github.paginate("GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts", { ...here, run_id: checked.id });
  assert.deepEqual(artifacts.map((one) => one.name), ["backend-test-results", "frontend-build"]);
  const archive = await github.request("GET /repos/{owner}/{repo}/actions/runs/{run_id}/logs", { ...here, run_id: checked.id });
  assert.deepEqual([...new Uint8Array(archive.data).slice(0, 4)], [0x50, 0x4b, 3, 4], "a ZIP archive");
  const started = await github.request("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
    ...here, workflow_id: "deploy-production.yml", ref: "main", inputs: { sha: runs[0].head_sha }, return_run_details: true,
  });
  assert.equal(started.status, 200);
  const run_id = started.data.workflow_run_id;
  let gates = [];
  for (let n = 0; n < 300 && gates.length === 0; n += 1) {
    const held = await github.request("GET /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments", { ...here, run_id });
    gates = held.data;
    if (gates.length === 0) await new Promise((done) => setTimeout(done, 50));
  }
  assert.equal(gates.length, 1, "the run waits at its gate");
  const answer = await github.request("POST /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments", {
    ...here, run_id, environment_ids: [gates[0].environment.id], state: "rejected", comment: "by octokit",
  });
  assert.equal(answer.data.length, 1);
  const approvals = await github.request("GET /repos/{owner}/{repo}/actions/runs/{run_id}/approvals", { ...here, run_id });
  assert.deepEqual([approvals.data[0].state, approvals.data[0].comment], ["rejected", "by octokit"]);
  const wrong = await github.request("GET /repos/{owner}/{repo}/actions/runs/1", here).catch((error) => error);
  assert.equal(wrong.status, 404);
  say("octokit", `${runs.length} runs in pages, a dispatch, a gate rejected and remembered, jobs, artifacts and an archive followed, a 404 told as such`);
}

async function vercel() {
  const cli = require.resolve("vercel/dist/index.js");
  const home = mkdtempSync(join(tmpdir(), "vercel-"));
  const env = { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home, CI: "1", VERCEL_TELEMETRY_DISABLED: "1", NO_UPDATE_NOTIFIER: "1", NO_COLOR: "1" };
  const ask = async (...words) => {
    const common = ["--api", at.vercel.base, "--token", at.vercel.token, "--scope", at.vercel.team];
    const { stdout, stderr } = await run(process.execPath, [cli, ...words, ...common], { env, cwd: home, timeout: 90_000 });
    return `${stdout}\n${stderr}`;
  };
  const listed = await ask("ls", at.vercel.project, "--prod");
  assert.match(listed, /https:\/\//);
  const shown = await ask("inspect", at.vercel.target);
  assert.match(shown, /Ready/i);
  const back = await ask("rollback", at.vercel.target, "--yes");
  assert.match(back, /Success|was rolled back|rolled back/i);
  say("vercel", "ls, inspect, and a rollback that it followed to its end");
}

async function supabase() {
  const api = new SupabaseManagementAPI({ accessToken: at.supabase.token, baseUrl: at.supabase.base });
  const ok = async (what, answer) => {
    const { status, data } = await answer;
    assert.equal(status, 200, `${what}: ${status} ${JSON.stringify(data)}`);
    return data;
  };
  const projects = await ok("projects", api.listAllProjects());
  const ref = projects[0].ref ?? projects[0].id;
  await ok("project", api.getProject(ref));
  const health = await ok("health", api.getServicesHealth(ref, { services: ["db", "auth"] }));
  assert.equal(health.length, 2);
  const secrets = await ok("secrets", api.listAllSecrets(ref));
  assert.ok(secrets.every((one) => /^[0-9a-f]{64}$/.test(one.value)), "digests, not values");
  await ok("migrations", api.listMigrationHistory(ref));
  await ok("backups", api.listAllBackups(ref));
  say("supabase", `${projects.length} projects, health, secrets as digests, migrations, backups`);
}

async function fly() {
  // Its outer function takes no addresses; the class behind it does.
  const { default: Client } = require("fly-admin/dist/client.js");
  const client = new Client(at.fly.token, { apiUrl: at.fly.machines, graphqlUrl: at.fly.api });
  const app_name = at.fly.app;
  const machines = await client.Machine.listMachines(app_name);
  assert.ok(machines.length > 0);
  const machine_id = machines[0].id;
  const one = await client.Machine.getMachine({ app_name, machine_id });
  assert.equal(one.state, "started");
  const lease = await client.Machine.getLease({ app_name, machine_id }).catch((error) => error);
  assert.match(String(lease), /404.*lease not found/, "no lease is told as such");
  await client.Machine.listEvents({ app_name, machine_id });
  await client.Machine.cordonMachine({ app_name, machine_id });
  await client.Machine.uncordonMachine({ app_name, machine_id });
  await client.Machine.stopMachine({ app_name, machine_id, timeout: "1s" });
  await client.Machine.waitMachine({ app_name, machine_id, state: "stopped", instance_id: one.instance_id, timeout: "30" });
  await client.Machine.startMachine({ app_name, machine_id });
  await client.Machine.waitMachine({ app_name, machine_id, state: "started", timeout: "30" });
  const detail = await client.App.getApp(app_name);
  assert.equal(detail.name, app_name);
  say("fly-admin", `${machines.length} machines, one cordoned, stopped, waited for and started`);
}

const failed = [];
for (const [name, check] of Object.entries({ octokit, supabase, fly, vercel })) {
  await check().catch((error) => failed.push(`${name}: ${error.stack}\n${error.stdout ?? ""}${error.stderr ?? ""}`));
}
if (failed.length > 0) {
  console.error(failed.join("\n\n"));
  process.exit(1);
}
