// Translates the CQL of packages to ELM. A developer's tool: what it writes is committed,
// and a test holds it to the CQL by hash, so that nothing needs it to build or run farr.
//
//   node translate.mjs MODULES PACKAGE...
//
// MODULES is a folder with @cqframework/cql, cql-exec-fhir and @lhncbc/ucum-lhc installed (make elm does it).
// For each PACKAGE/cql/NAME.cql it writes PACKAGE/resources/library/NAME.json: a Library with
// the CQL and its ELM. The ELM carries the SHA-256 of the CQL file as an annotation's tag.
//
// A define below lines that begin with "//=" is one whose answers are expected (see
// testdata/deck/README.md). For each, a define that says whether it is known is added, so
// that false and null can be told apart.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, ...packages] = process.argv.slice(2);
if (packages.length === 0) {
  console.error("usage: node translate.mjs MODULES PACKAGE...");
  process.exit(2);
}
const require = createRequire(join(resolve(modules), "x"));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { CqlTranslator, CqlCompilerOptions, LibraryBuilder, LibraryManager, ModelManager, createLibrarySourceProvider, createModelInfoProvider, stringAsSource, createUcumService } =
  await load("@cqframework/cql/cql-to-elm");
const { SystemModelInfoProvider } = await load("@cqframework/cql/cql");
const { UcumLhcUtils } = (await load("@lhncbc/ucum-lhc")).default;

// Retrieves of things not done are by profile, which the model of FHIR does not have.
// These stand in for QI-Core's, whose model npm does not have.
const profiles = [
  ["CommunicationNotDone", "Communication", "qicore-communicationnotdone", "reasonCode"],
  ["DeviceNotRequested", "DeviceRequest", "qicore-devicenotrequested", "code"],
  ["ImmunizationNotDone", "Immunization", "qicore-immunizationnotdone", "vaccineCode"],
  ["MedicationNotRequested", "MedicationRequest", "qicore-mednotrequested", "medication"],
  ["ObservationCancelled", "Observation", "qicore-observationcancelled", "code"],
  ["ProcedureNotDone", "Procedure", "qicore-procedurenotdone", "code"],
  ["ServiceNotRequested", "ServiceRequest", "qicore-servicenotrequested", "code"],
  ["TaskRejected", "Task", "qicore-taskrejected", "code"],
  ["BloodPressure", "Observation", "http://hl7.org/fhir/StructureDefinition/bp", "code"],
  ["HeartRate", "Observation", "http://hl7.org/fhir/StructureDefinition/heartrate", "code"],
];

const modelInfo = readFileSync(require.resolve("cql-exec-fhir/lib/modelInfos/fhir-modelinfo-4.0.1.xml"), "utf8").replace(
  "<conversionInfo",
  profiles
    .map(([name, type, profile, path]) => {
      const identifier = profile.includes("/") ? profile : "http://hl7.org/fhir/us/qicore/StructureDefinition/" + profile;
      return `<typeInfo baseType="FHIR.${type}" namespace="FHIR" name="${name}" identifier="${identifier}" label="${name}" target="${type}" retrievable="true" primaryCodePath="${path}" xsi:type="ProfileInfo"/>`;
    })
    .join("\n") + "<conversionInfo",
);

// FHIRHelpers holds the conversions that the model names. farr knows them by itself, so
// that their declarations are enough.
const helpers =
  "library FHIRHelpers version '4.0.1'\nusing FHIR version '4.0.1'\n" +
  [...modelInfo.matchAll(/<conversionInfo functionName="FHIRHelpers\.(\w+)" fromType="FHIR\.([\w.]+)" toType="([^"]+)"/g)]
    .map(([, name, from, to]) => `define function ${name}(value FHIR."${from}"): null as ${to.replace("&lt;", "<")}\n`)
    .join("");

const models = new ModelManager();
models.modelInfoLoader.registerModelInfoProvider(createModelInfoProvider((name) => (name === "FHIR" ? stringAsSource(modelInfo) : null)));
models.modelInfoLoader.registerModelInfoProvider(new SystemModelInfoProvider());

// The translator asks only whether a unit is one of UCUM.
const ucum = UcumLhcUtils.getInstance();
const notNeeded = () => {
  throw new Error("the translator computes no quantities");
};
const units = createUcumService(notNeeded, (unit) => (ucum.validateUnitString(unit).status === "valid" ? null : `${unit} is no unit of UCUM`), notNeeded, notNeeded);

// The options that published measures are translated with, without the source's text.
const options = new CqlCompilerOptions();
const { EnableLocators, DisableListDemotion, DisableListPromotion } = CqlCompilerOptions.Options;
options.setOptions([EnableLocators, DisableListDemotion, DisableListPromotion]);
options.signatureLevel = LibraryBuilder.SignatureLevel.Overloads;

// The same with the types of operands, which published ELM does not name.
const typedOptions = new CqlCompilerOptions();
typedOptions.setOptions([DisableListDemotion, DisableListPromotion]);
typedOptions.signatureLevel = LibraryBuilder.SignatureLevel.All;

let failed = false;
for (const folder of packages) translatePackage(folder);
process.exit(failed ? 1 : 0);

function translatePackage(folder) {
  const sources = Object.fromEntries(
    readdirSync(join(folder, "cql"))
      .filter((file) => file.endsWith(".cql"))
      .sort()
      .map((file) => [file.slice(0, -".cql".length), readFileSync(join(folder, "cql", file), "utf8")]),
  );
  const manager = new LibraryManager(models, options, undefined, units);
  manager.librarySourceLoader.registerProvider(
    createLibrarySourceProvider((name) => (name === "FHIRHelpers" ? stringAsSource(helpers) : name in sources ? stringAsSource(withKnown(sources[name])) : null)),
  );
  const typed = new LibraryManager(models, typedOptions, undefined, units);
  typed.librarySourceLoader.registerProvider(createLibrarySourceProvider((name) => (name === "FHIRHelpers" ? stringAsSource(helpers) : name in sources ? stringAsSource(sources[name]) : null)));
  const operands = {};
  const out = join(folder, "resources", "library");
  mkdirSync(out, { recursive: true });
  for (const [name, source] of Object.entries(sources)) {
    const cql = withKnown(source);
    const elm = compact(withWritten(source, JSON.parse(CqlTranslator.fromText(cql, manager).toJson())));
    for (const a of elm.library.annotation) {
      if (a.errorSeverity === "error") {
        console.error(`${name}.cql:${a.startLine}:${a.startChar}: ${a.message}`);
        failed = true;
      }
    }
    elm.library.annotation.push({ type: "Annotation", t: [{ name: "cql-sha256", value: createHash("sha256").update(source).digest("hex") }] });
    writeFileSync(join(out, name + ".json"), JSON.stringify(library(name, elm.library.identifier.version, cql, elm), null, 2) + "\n");
    if (cql !== source) operands[name] = operandsOf(withWritten(source, JSON.parse(CqlTranslator.fromText(source, typed).toJson())));
  }
  if (Object.keys(operands).length > 0) writeFileSync(join(folder, "operands.json"), JSON.stringify(operands, null, 1) + "\n");
}

function library(name, version, cql, elm) {
  const content = (contentType, text) => ({ contentType, data: Buffer.from(text).toString("base64") });
  return {
    resourceType: "Library",
    id: name,
    url: "http://example.org/farr/Library/" + name,
    version,
    name,
    status: "active",
    type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/library-type", code: "logic-library" }] },
    content: [content("text/cql", cql), content("application/elm+json", JSON.stringify(elm))],
  };
}

// withWritten takes the ELM that stands above a define, below //elm, for the define's own: ELM
// that the translator never writes.
function withWritten(source, elm) {
  for (const [, written, name] of source.matchAll(/^\/\/elm (.*)\ndefine "([^"]+)"/gm)) {
    const def = elm.library.statements.def.find((d) => d.name === name);
    def.expression = { locator: def.locator, ...JSON.parse(written) };
  }
  return elm;
}

// operandsOf is, by define, each node type with the type of its first operand that has one:
// "Equal Date". A test says on which types the deck is to try a node type.
function operandsOf(elm) {
  const typeOf = (t) => {
    switch (t.type) {
      case "ListTypeSpecifier":
        return `List<${typeOf(t.elementType)}>`;
      case "IntervalTypeSpecifier":
        return `Interval<${typeOf(t.pointType)}>`;
      case "NamedTypeSpecifier":
        return t.name.replace(/^\{.*\}/, "");
    }
    return t.type.replace("TypeSpecifier", "");
  };
  const byDefine = {};
  for (const def of elm.library.statements.def) {
    const found = new Set();
    const walk = (n) => {
      if (n === null || typeof n !== "object") return;
      const first = Array.isArray(n.signature) ? n.signature.map(typeOf).find((t) => !t.includes("Any")) : undefined;
      if (first) found.add(`${n.type} ${first}`);
      for (const [key, v] of Object.entries(n)) if (key !== "signature") walk(v);
    };
    walk(def.expression);
    byDefine[def.name] = [...found].sort();
  }
  return byDefine;
}

// withKnown adds, for each define whose answers are expected, whether it is known.
function withKnown(cql) {
  const names = [...cql.matchAll(/^\/\/= .*\n(?:\/\/.*\n)*define "([^"]+)"/gm)].map((m) => m[1]);
  if (names.length === 0) return cql;
  return cql + "\n// Added by translate.mjs.\n" + names.map((n) => `define "${n} is known": ("${n}") is not null\n`).join("");
}

// compact drops what says nothing: empty lists of annotations, signatures and clauses.
function compact(value) {
  if (Array.isArray(value)) return value.map(compact);
  if (value === null || typeof value !== "object") return value;
  const keep = ["element", "operand", "def"]; // an empty list of these is a list
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, v]) => !(Array.isArray(v) && v.length === 0 && !keep.includes(key)))
      .map(([key, v]) => [key, compact(v)]),
  );
}
