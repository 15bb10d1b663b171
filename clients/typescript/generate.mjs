// Makes generated/api.ts from the document on the standard input.
import { mkdirSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import openapi, { astToString } from "openapi-typescript";
import ts from "typescript";

const blob = ts.factory.createTypeReferenceNode("Blob");
const types = await openapi(JSON.parse(await text(process.stdin)), {
  // What has a default may be left out by who sends it.
  defaultNonNullable: false,
  // Files are octets and no text.
  transform: (schema) => (schema.format === "binary" ? blob : undefined),
});
mkdirSync("generated", { recursive: true });
writeFileSync("generated/api.ts", astToString(types));
