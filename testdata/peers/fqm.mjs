// Runs a measure on the records of persons with fqm-execution (Apache-2.0), to compare its
// speed and its answers with farr's. A developer's tool: make bench-peers installs what it needs.
//
//   node fqm.mjs MODULES REQUEST ANSWER
//
// MODULES is a folder with fqm-execution installed. REQUEST is a JSON file:
//   {"content": DIR, "measure": NAME, "low": DAY, "high": DAY, "cases": [{"case": NAME, "dir": DIR}]}
// DIR of a case has *.json, each a resource or a Bundle of them. ANSWER is written as JSON:
//   {"version", "node", "resources", "cpu": [seconds of each run], "counts": {NAME: [{code: count} of each group]},
//    "failed": {NAME: the engine's error}}
//
// What is timed is Calculator.calculateRaw alone, from parsed bundles in memory to raw results:
// one run to warm up, which also finds on whom the engine fails, then two. Populations are counted from the raw results afterwards, each within those before it.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [modules, requestFile, answerFile] = process.argv.slice(2);
if (!answerFile) {
  console.error("usage: node fqm.mjs MODULES REQUEST ANSWER");
  process.exit(2);
}
const require = createRequire(join(resolve(modules), "x"));
const { Calculator } = require("fqm-execution");
const request = JSON.parse(readFileSync(requestFile, "utf8"));

const files = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
  e.isDirectory() ? files(join(dir, e.name)) : e.name.endsWith(".json") ? [join(dir, e.name)] : []);
const parsed = (file) => JSON.parse(readFileSync(file, "utf8"));

// The bundle of a measure: it, the libraries that its ELM includes, and the value sets that they name.
function measureBundle(content, name) {
  const measure = files(join(content, "resources", "measure")).map(parsed).find((m) => m.name === name);
  const libraries = new Map(files(join(content, "resources", "library")).map(parsed).map((l) => [l.name, l]));
  const chosen = new Map();
  const sets = new Set();
  const choose = (id) => {
    const library = libraries.get(id);
    if (!library || chosen.has(id)) return;
    chosen.set(id, library);
    const elm = library.content.find((c) => c.contentType === "application/elm+json");
    const { includes, valueSets } = JSON.parse(Buffer.from(elm.data, "base64").toString("utf8")).library;
    for (const v of valueSets?.def ?? []) sets.add(v.id);
    for (const i of includes?.def ?? []) choose(i.path.split("/").pop());
  };
  choose(measure.library[0].split("|")[0].split("/").pop());
  const valueSets = files(join(content, "vocabulary", "valueset")).map(parsed).filter((v) => v.resourceType === "ValueSet" && sets.has(v.url));
  const resources = [measure, ...chosen.values(), ...valueSets];
  return { measure, bundle: { resourceType: "Bundle", type: "collection", entry: resources.map((resource) => ({ resource })) } };
}

// Ids of patients repeat between cases, and results are by id, so each gets its own.
function personBundle(one, number) {
  const resources = files(one.dir).map(parsed)
    .flatMap((r) => (r.resourceType === "Bundle" ? (r.entry ?? []).map((e) => e.resource) : [r]))
    .filter((r) => r && r.resourceType !== "MeasureReport");
  for (const r of resources) if (r.resourceType === "Patient") r.id = `person-${number}`;
  return { resourceType: "Bundle", type: "collection", entry: resources.map((resource) => ({ resource })) };
}

const { measure, bundle } = measureBundle(request.content, request.measure);
const persons = request.cases.map(personBundle);
const options = {
  trustMetaProfile: true,
  measurementPeriodStart: request.low,
  measurementPeriodEnd: `${request.high}T23:59:59.999Z`,
};

// One error ends the whole call, so the persons on whom the engine fails are found first, by halves, and left out.
async function failing(some) {
  if (some.length === 0) return [];
  try {
    await Calculator.calculateRaw(structuredClone(bundle), structuredClone(some.map((i) => persons[i])), options);
    return [];
  } catch (e) {
    if (some.length === 1) return [[some[0], String(e.message).replaceAll(/\s+/g, " ").slice(0, 200)]];
    const half = some.length >> 1;
    return [...(await failing(some.slice(0, half))), ...(await failing(some.slice(half)))];
  }
}
const failed = new Map(await failing(persons.map((_, i) => i)));
const able = persons.filter((_, i) => !failed.has(i));

// The engine may write to what it is given, so each run gets bundles of its own, made before the clock starts.
const cpu = [];
let results;
for (let run = 0; run < 2; run++) {
  const copies = structuredClone(able);
  const of = structuredClone(bundle);
  const before = process.cpuUsage();
  const out = await Calculator.calculateRaw(of, copies, options);
  const { user, system } = process.cpuUsage(before);
  cpu.push((user + system) / 1e6);
  results = out.results;
}
if (typeof results === "string" || !results?.patientResults) {
  console.error("fqm-execution gave no results:", results);
  process.exit(1);
}

const size = (value) => (Array.isArray(value) ? value.length : value === true ? 1 : 0);
function counts(defines) {
  return measure.group.map((group) => {
    const raw = {};
    for (const p of group.population) raw[p.code.coding[0].code] = size(defines[p.criteria.expression]);
    const has = (code) => (raw[code] ?? 0) > 0;
    const ip = has("initial-population");
    const denominator = ip && has("denominator");
    const excluded = denominator && has("denominator-exclusion");
    const numerator = denominator && !excluded && has("numerator");
    const excepted = denominator && !excluded && !numerator && has("denominator-exception");
    const all = { "initial-population": ip, denominator, "denominator-exclusion": excluded, numerator, "denominator-exception": excepted };
    return Object.fromEntries(Object.entries(all).filter(([code]) => code in raw).map(([code, yes]) => [code, yes ? 1 : 0]));
  });
}
const answer = {
  version: require("fqm-execution/package.json").version,
  node: process.version,
  failed: Object.fromEntries([...failed].map(([i, why]) => [request.cases[i].case, why])),
  resources: able.reduce((n, p) => n + p.entry.length, 0),
  cpu,
  counts: Object.fromEntries(request.cases.flatMap((c, i) => failed.has(i) ? [] : [[c.case, counts(results.patientResults[`person-${i}`] ?? {})]])),
};
writeFileSync(answerFile, JSON.stringify(answer));
