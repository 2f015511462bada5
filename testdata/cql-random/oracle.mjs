// Translates random CQL to ELM and evaluates it with cql-execution: the engine that farr's
// answers are compared with. make cql-random runs it; see measures/internal/random.
//
//   node oracle.mjs MODULES DIR
//
// MODULES is a folder with @cqframework/cql, cql-execution, cql-exec-fhir and @lhncbc/ucum-lhc
// installed. DIR/cql/NAME.cql are the programs, DIR/persons/ID/*.json a Bundle each,
// DIR/vocabulary/valueset/*.json the value sets. For each program it writes
// DIR/resources/library/NAME.json, a Library with its ELM, and DIR/answers/NAME.json:
//
//   {"mistakes": [{"line", "message"}], "answers": {DEFINE: {PERSON: {"value"} or {"error"}}}}
//
// Where corrections.mjs changed something, the answer has "classes", their names, and "corrected",
// what comes out then. The classes are written to DIR/classes.json.
//
// A value is written as farr explains it (see tell): null, text, or a list of these.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { corrections } from "./corrections.mjs";

process.env.TZ = "UTC"; // a date without an offset is on the calendar of the extract's zone
const [modules, dir] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "x"));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { CqlTranslator, CqlCompilerOptions, LibraryBuilder, LibraryManager, ModelManager, createLibrarySourceProvider, createModelInfoProvider, stringAsSource, createUcumService } =
  await load("@cqframework/cql/cql-to-elm");
const { SystemModelInfoProvider } = await load("@cqframework/cql/cql");
const { UcumLhcUtils } = (await load("@lhncbc/ucum-lhc")).default;
const engine = require("cql-execution");
const fhir = require("cql-exec-fhir");

const modelInfo = readFileSync(require.resolve("cql-exec-fhir/lib/modelInfos/fhir-modelinfo-4.0.1.xml"), "utf8");

// FHIRHelpers holds the conversions that the model names. What they do is said in the model's
// types: a primitive is its value, and these are the others.
const bodies = {
  "System.Quantity": `if value is null then null else System.Quantity { value: value.value.value, unit: Coalesce(value.code.value, value.unit.value, '1') }`,
  "System.Code": `if value is null then null else System.Code { code: value.code.value, system: value.system.value, version: value.version.value, display: value.display.value }`,
  "System.Concept": `if value is null then null else System.Concept { codes: value.coding C return System.Code { code: C.code.value, system: C.system.value, version: C.version.value, display: C.display.value }, display: value.text.value }`,
  "Interval<System.DateTime>": `if value is null then null else if value."start" is null then Interval(value."start".value, value."end".value] else Interval[value."start".value, value."end".value]`,
  "Interval<System.Quantity>": `if value is null then null else Interval[ToQuantity(value.low), ToQuantity(value.high)]`,
  "System.Ratio": `null as System.Ratio`,
};
const conversions = [...modelInfo.matchAll(/<conversionInfo functionName="FHIRHelpers\.(\w+)" fromType="FHIR\.([\w.]+)" toType="([^"]+)"/g)].map(([, name, from, to]) => [name, from, to.replace("&lt;", "<")]);
const first = (c) => (c[2] === "System.Quantity" ? 0 : 1);
const helpers =
  "library FHIRHelpers version '4.0.1'\nusing FHIR version '4.0.1'\n" +
  conversions
    .sort((a, b) => first(a) - first(b))
    .map(([name, from, to]) => `define function ${name}(value FHIR."${from}"): ${bodies[to] ?? "value.value"}\n`)
    .join("");

const models = new ModelManager();
models.modelInfoLoader.registerModelInfoProvider(createModelInfoProvider((name) => (name === "FHIR" ? stringAsSource(modelInfo) : null)));
models.modelInfoLoader.registerModelInfoProvider(new SystemModelInfoProvider());
const ucum = UcumLhcUtils.getInstance();
const notNeeded = () => {
  throw new Error("the translator computes no quantities");
};
const units = createUcumService(notNeeded, (unit) => (ucum.validateUnitString(unit).status === "valid" ? null : `${unit} is no unit of UCUM`), notNeeded, notNeeded);
const options = new CqlCompilerOptions();
const { EnableLocators, DisableListDemotion, DisableListPromotion } = CqlCompilerOptions.Options;
options.setOptions([EnableLocators, DisableListDemotion, DisableListPromotion]);
options.signatureLevel = LibraryBuilder.SignatureLevel.Overloads;

const json = (file) => JSON.parse(readFileSync(file, "utf8"));
const files = (folder) => readdirSync(join(dir, folder)).sort().map((f) => join(dir, folder, f));
const sources = Object.fromEntries(files("cql").map((f) => [f.replace(/^.*\/(.*)\.cql$/, "$1"), readFileSync(f, "utf8")]));
const manager = new LibraryManager(models, options, undefined, units);
manager.librarySourceLoader.registerProvider(createLibrarySourceProvider((name) => (name === "FHIRHelpers" ? stringAsSource(helpers) : name in sources ? stringAsSource(sources[name]) : null)));
const translate = (cql) => JSON.parse(CqlTranslator.fromText(cql, manager).toJson());
const mistakesOf = (elm) => (elm.library.annotation ?? []).filter((a) => a.errorSeverity === "error").map((a) => ({ line: a.startLine, message: a.message }));

const helpersELM = translate(helpers);
if (mistakesOf(helpersELM).length > 0) throw new Error(JSON.stringify(mistakesOf(helpersELM)));
const valueSets = Object.fromEntries(files("vocabulary/valueset").map(json).map((v) => [v.url, { 1: v.expansion.contains }]));
const persons = files("persons").map((folder) => [folder.replace(/^.*\//, ""), json(join(folder, "bundle.json"))]);
const period = new engine.Interval(new engine.DateTime(2024, 1, 1, 0, 0, 0, 0, 0), new engine.DateTime(2024, 12, 31, 23, 59, 59, 999, 0), true, true);
const now = new engine.DateTime(2025, 1, 1, 0, 0, 0, 0, 0);

const part = (name) => require("cql-execution/lib/" + name);
const parts = { elm: part("elm/expressions"), Interval: part("datatypes/interval").Interval, cmp: part("util/comparison"), logic: part("datatypes/logic"), part };
let correcting = false;
const fired = new Set();
for (const c of corrections) {
  const fix = (object, method, after) => {
    const own = object[method];
    object[method] = function (...args) {
      const settle = (plain) => {
        if (!correcting) return plain;
        const v = after(plain, args, this);
        if (v !== plain && JSON.stringify(told(v)) !== JSON.stringify(told(plain))) fired.add(c.name);
        return v;
      };
      const plain = own.apply(this, args);
      return plain instanceof Promise ? plain.then(settle) : settle(plain);
    };
  };
  c.install({ ...parts, fix, note: () => fired.add(c.name) });
}
writeFileSync(join(dir, "classes.json"), JSON.stringify(corrections.map(({ name, why, any }) => ({ name, why, any }))));

for (const folder of ["answers", "resources/library"]) mkdirSync(join(dir, folder), { recursive: true });
for (const [name, source] of Object.entries(sources)) {
  // A program that is no CQL is left out, and what is said of it written down.
  let cql = source;
  let elm = translate(cql);
  const mistakes = [];
  for (let now; (now = mistakesOf(elm)).length > 0; elm = translate(cql)) {
    mistakes.push(...now);
    const wrong = new Set(now.map((m) => m.line));
    const lines = cql.split("\n");
    if (![...wrong].some((line) => lines[line - 1].startsWith("define"))) throw new Error(JSON.stringify(now));
    const names = lines.flatMap((l, i) => (wrong.has(i + 1) ? [l.match(/^define [RK](\d+):/)?.[1]] : []));
    cql = lines.map((l) => (names.includes(l.match(/^define [RK](\d+):/)?.[1]) ? "//" : l)).join("\n");
  }
  const data = Buffer.from(JSON.stringify(elm)).toString("base64");
  const url = "http://example.org/farr/Library/" + name;
  writeFileSync(join(dir, "resources/library", name + ".json"), JSON.stringify({ resourceType: "Library", url, version: "1.0.0", name, content: [{ contentType: "application/elm+json", data }] }));
  writeFileSync(join(dir, "answers", name + ".json"), JSON.stringify({ mistakes, answers: await evaluate(elm) }));
}

async function evaluate(elm) {
  const library = new engine.Library(elm, new engine.Repository({ FHIRHelpers: helpersELM }));
  const answers = {};
  for (const [id, bundle] of persons) {
    const source = fhir.PatientSource.FHIRv401({ requireProfileTagging: false });
    source.loadBundles([bundle]);
    const service = new engine.CodeService(valueSets);
    const patient = source.currentPatient();
    const run = async (name, correct) => {
      correcting = correct;
      try {
        const context = new engine.PatientContext(library, patient, service, { "Measurement Period": period }, now);
        return { value: told(await library.expressions[name].execute(context)) };
      } catch (e) {
        return { error: String(e.cause?.message ?? e.message ?? e).slice(0, 200) };
      } finally {
        correcting = false;
      }
    };
    for (const { name } of elm.library.statements.def) {
      if (!/^R\d/.test(name)) continue;
      fired.clear();
      let answer = await run(name, true);
      if (fired.size > 0) answer = { ...(await run(name, false)), corrected: answer, classes: [...fired] };
      (answers[name] ??= {})[id] = answer;
    }
  }
  return answers;
}

function told(v) {
  return Array.isArray(v) ? v.map(tell) : tell(v);
}

// tell is a value as farr explains it (measures/internal/evaluate/tell.go).
function tell(v) {
  if (v === null || v === undefined) return null;
  if (Array.isArray(v)) return v.length + " elements";
  switch (typeof v) {
    case "boolean":
      return String(v);
    case "number":
      if (Number.isNaN(v)) throw new Error("not a number");
      return number(v);
    case "string":
      return `'${v}'`;
  }
  if (v.isQuantity) return number(v.value) + (v.unit && v.unit !== "1" ? ` '${v.unit.replace(/^(year|month|week|day|hour|minute|second)s$/, "$1").replace(/^d$/, "day")}'` : "");
  if (v.isDateTime || v.isDate) return v.toString().replace(/(Z|[+-]\d\d:\d\d)$/, "").replace(/\.000$/, "");
  if (v.isUncertainty) return v.low === v.high ? tell(v.low) : `${tell(v.low)} to ${tell(v.high)}`;
  if (v.isInterval) {
    // The ends as farr has them: closed, and an open end that is null is unknown.
    const end = (x, closed, at) => (x === null || x === undefined ? (closed ? edge(v, at) : "unknown") : tell(closed ? x : v[at]()));
    return `[${end(v.low, v.lowClosed, "start")}, ${end(v.high, v.highClosed, "end")}]`;
  }
  if (v.isConcept) return v.codes.map(code).sort().join(", ");
  if (v.isCode) return code(v);
  if (v.constructor === Object) return "{" + Object.entries(v).map(([name, x]) => name + ": " + (tell(x) ?? "null")).join(", ") + "}";
  return v.constructor.name;
}

// edge is the end of the interval's type, where a closed end is null.
function edge(v, at) {
  const point = v.low ?? v.high;
  if (point?.isDate) return at === "start" ? "0001-01-01" : "9999-12-31";
  if (point?.isDateTime) return at === "start" ? "0001-01-01T00:00:00" : "9999-12-31T23:59:59.999";
  if (typeof point === "number" && v.pointType?.endsWith("Integer")) return at === "start" ? "-2147483648" : "2147483647";
  return at === "start" ? "least" : "greatest";
}

function code(c) {
  return `${c.code} (${c.system})`;
}

// number is a decimal to its eight places.
function number(x) {
  const s = Math.abs(x) < 1e15 ? x.toFixed(8).replace(/\.?0+$/, "") : String(x);
  return s === "-0" ? "0" : s;
}
