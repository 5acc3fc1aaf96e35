// Writes Seam's OpenAPI document, which the npm package @seamapi/types carries as a
// JavaScript object, to a JSON file.
// Usage: node extract.mjs FOLDER_WITH_NODE_MODULES OUTPUT_FILE
import { createRequire } from 'node:module'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const [folder, output] = process.argv.slice(2)
const require = createRequire(join(resolve(folder), 'package.json'))
const { openapi } = require('@seamapi/types/connect')
if (openapi?.paths === undefined) throw new Error('no OpenAPI document in the package')
writeFileSync(output, JSON.stringify(openapi))
