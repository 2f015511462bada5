// Translates HL7's tests of CQL to ELM. A developer's tool: what it writes stays outside the
// repository, beside the tests.
//
//   node cql-tests.mjs MODULES TESTS
//
// MODULES is a folder with @cqframework/cql and @lhncbc/ucum-lhc installed (make cql-tests does it), TESTS
// a copy of cqframework/cql-tests. It writes TESTS/farr-elm.json: each test by suite, group and
// name, in their order, with the ELM of a library that has the define "value" and, where an
// output is expected, the define "expected"; and what the translator says against either.
import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, tests] = process.argv.slice(2);
if (!tests) {
  console.error("usage: node cql-tests.mjs MODULES TESTS");
  process.exit(2);
}
const require = createRequire(join(resolve(modules), "x"));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { CqlTranslator, CqlCompilerOptions, LibraryBuilder, LibraryManager, ModelManager, createUcumService } = await load("@cqframework/cql/cql-to-elm");
const { SystemModelInfoProvider } = await load("@cqframework/cql/cql");
const { UcumLhcUtils } = (await load("@lhncbc/ucum-lhc")).default;
const { XmlDocument } = (await load("xmldoc")).default ?? (await load("xmldoc")); // ucum-lhc depends on it

const models = new ModelManager();
models.modelInfoLoader.registerModelInfoProvider(new SystemModelInfoProvider());
const ucum = UcumLhcUtils.getInstance();
const notNeeded = () => {
  throw new Error("the translator computes no quantities");
};
const units = createUcumService(notNeeded, (unit) => (ucum.validateUnitString(unit).status === "valid" ? null : `${unit} is no unit of UCUM`), notNeeded, notNeeded);

// The options that published measures are translated with.
const options = new CqlCompilerOptions();
const { EnableLocators, DisableListDemotion, DisableListPromotion } = CqlCompilerOptions.Options;
options.setOptions([EnableLocators, DisableListDemotion, DisableListPromotion]);
options.signatureLevel = LibraryBuilder.SignatureLevel.Overloads;

// translate gives the ELM of defines, and the translator's errors.
function translate(defines) {
  const cql = "library Test version '1'\n" + Object.entries(defines).map(([name, cql]) => `define "${name}":\n${cql}\n`).join("");
  try {
    const elm = JSON.parse(CqlTranslator.fromText(cql, new LibraryManager(models, options, undefined, units)).toJson());
    const errors = (elm.library.annotation ?? []).filter((a) => a.errorSeverity === "error").map((a) => a.message);
    return { elm, errors };
  } catch (e) {
    return { errors: [String(e.message ?? e).split("\n")[0]] };
  }
}

function read(node, suite, group) {
  const expression = node.childNamed("expression");
  const outputs = node.childrenNamed("output").map((o) => o.val.trim());
  const test = { suite, group, name: node.attr.name, invalid: expression.attr.invalid ?? "" };
  const value = expression.val.trim();
  if (test.invalid || outputs.length !== 1) {
    const { elm, errors } = translate({ value });
    return { ...test, outputs: outputs.length, refused: errors.join("; "), elm: errors.length > 0 ? undefined : elm };
  }
  const both = translate({ value, expected: outputs[0] });
  if (both.errors.length === 0) return { ...test, outputs: 1, elm: both.elm };
  // Which of the two is refused?
  const refused = translate({ value }).errors.join("; ");
  const refusedOutput = translate({ expected: outputs[0] }).errors.join("; ");
  return { ...test, outputs: 1, refused, refusedOutput };
}

const list = [];
const folder = join(tests, "tests", "cql");
for (const file of readdirSync(folder).filter((f) => f.endsWith(".xml")).sort()) {
  const suite = file.slice(0, -".xml".length);
  const root = new XmlDocument(readFileSync(join(folder, file), "utf8"));
  for (const group of root.childrenNamed("group"))
    for (const test of group.childrenNamed("test")) list.push(read(test, suite, group.attr.name));
}
const out = join(tests, "farr-elm.json");
const translator = JSON.parse(readFileSync(join(modules, "node_modules/@cqframework/cql/package.json"), "utf8")).version;
writeFileSync(out + ".part", JSON.stringify({ translator, tests: list }));
renameSync(out + ".part", out);
console.log(`${list.length} tests, ${list.filter((t) => !t.elm).length} of them refused by the translator ${translator}`);
