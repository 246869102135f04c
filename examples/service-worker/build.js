/** Lays the page and the SDK's files into `dist`, and lists them for the service worker. */
import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

rmSync('dist', { recursive: true, force: true })
cpSync('src', 'dist', { recursive: true })
cpSync('node_modules/@mobileone/sdk/dist/browser', 'dist/mobileone', {
  recursive: true,
  filter: (path) => !path.endsWith('.d.mts'),
})
const files = readdirSync('dist', { recursive: true }).filter((file) => /\.(html|m?js)$/.test(file))
const hash = createHash('sha256')
for (const file of files) hash.update(readFileSync(join('dist', file)))
const version = `page-${hash.digest('hex').slice(0, 12)}`
const urls = ['./', ...files.map((file) => `./${file.replaceAll('\\', '/')}`)]
const worker = readFileSync('src/service-worker.js', 'utf8')
writeFileSync(
  'dist/service-worker.js',
  `const version = ${JSON.stringify(version)}\nconst files = ${JSON.stringify(urls)}\n${worker}`,
)
