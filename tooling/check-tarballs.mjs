/** Looks at the packages as they arrive at a user: what npm and pnpm pack, unpacked. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { build } from 'vite'
import { installPacked } from './install-packed.mjs'
import { checkManifests, published, publishedPackages, readManifest } from './manifests.mjs'
import { unpackInto } from './pack.mjs'
import { bundledIn, missingFacts, missingNotices, packageOf, undeclaredImports } from './packed-contents.mjs'

/** A package whose manifest has everything that npm would get wrong: `source` in exports and imports, `workspace:` ranges. */
const PACKED_BY_NPM = 'vision'

/** Every package is ES modules for resolvers that know `exports`: Node 20.19 and bundlers. */
const NOT_PROMISED = new Set(['CJSResolvesToESM'])
const RESOLUTIONS = new Set(['node16-esm', 'bundler'])

/** Complaints about what would be published now. */
export async function checkTarballs() {
  const complaints = checkManifests()
  const own = publishedPackages()
  const versions = Object.fromEntries(own.map(({ manifest }) => [manifest.name, manifest.version]))
  const { project, packages } = installPacked()
  try {
    const npm = packByNpm(PACKED_BY_NPM, project)
    for (const packed of [...packages, npm]) {
      const { name, folder, manifest } = own.find((entry) => entry.manifest.name === packed.manifest.name)
      for (const complaint of await checkPacked(packed, folder, published(manifest, versions), project)) {
        complaints.push(`${manifest.name}${packed === npm ? ', packed by npm' : ''}: ${complaint}`)
      }
      if (packed === npm && !isDeepStrictEqual(readManifest(folder), manifest)) {
        complaints.push(`${manifest.name}: packing with npm did not restore packages/${name}/package.json`)
      }
    }
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
  return complaints
}

function packByNpm(name, project) {
  const { folder } = publishedPackages().find((entry) => entry.name === name)
  const manifest = join(folder, 'package.json')
  const { atime, mtime } = statSync(manifest)
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_')))
  const report = execFileSync('npm', ['pack', '--json', '--offline', '--pack-destination', project], {
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  })
  // It was written and restored; a newer one would have everything built again.
  utimesSync(manifest, atime, mtime)
  const tarball = join(project, basename([JSON.parse(report)].flat()[0].filename))
  return unpackInto(join(project, 'by-npm'), tarball)
}

async function checkPacked({ folder, manifest, tarball }, sources, wanted, project) {
  const complaints = []
  const { scripts: _scripts, devDependencies: _development, ...found } = manifest
  if (!isDeepStrictEqual(found, wanted)) {
    complaints.push(`package.json is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`)
  }
  if (JSON.stringify(manifest).includes('"source"')) complaints.push('the condition `source` is published')
  for (const target of targets(manifest)) {
    if (!existsSync(join(folder, target)))
      complaints.push(`${target} is named in package.json and not packed`)
  }
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) {
    const due = file !== 'CHANGELOG.md' || existsSync(join(sources, file))
    if (due && !existsSync(join(folder, file))) complaints.push(`${file} is not packed`)
  }
  const bundled = [
    ...bundledIn(folder),
    ...(manifest.jsdelivr ? await bundledForPages(manifest.name, project) : []),
  ]
  complaints.push(
    ...missingFacts(manifest),
    ...undeclaredImports(folder, manifest),
    ...missingNotices(folder, bundled),
  )
  const { messages } = await publint({ pkgDir: folder, strict: true, pack: false })
  complaints.push(...messages.map((message) => formatMessage(message, manifest)))
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  complaints.push(...unresolvableLinks(readme, folder))
  if (/npm i\b.*onnxruntime-node/.test(readme) && !readme.includes('ONNXRUNTIME_NODE_INSTALL=skip')) {
    complaints.push(
      'README.md recommends onnxruntime-node and not ONNXRUNTIME_NODE_INSTALL=skip, without which it needs a network',
    )
  }

  const { problems = [] } = await checkPackage(createPackageFromTarballData(readFileSync(tarball)))
  for (const problem of problems) {
    if (NOT_PROMISED.has(problem.kind)) continue
    if ('resolutionKind' in problem && !RESOLUTIONS.has(problem.resolutionKind)) continue
    if (problem.entrypoint?.endsWith('.wasm')) continue
    complaints.push(`types: ${JSON.stringify(problem)}`)
  }
  return complaints
}

/** Packages of others in a bundle of all of `name`: its files for pages are minified, and tell of none. */
async function bundledForPages(name, project) {
  const entry = join(project, 'for-pages.mjs')
  writeFileSync(entry, `export * from ${JSON.stringify(name)}\n`)
  const { output } = await build({
    root: project,
    configFile: false,
    logLevel: 'error',
    build: { write: false, rolldownOptions: { input: entry, preserveEntrySignatures: 'strict' } },
  })
  return output.flatMap(({ moduleIds = [] }) => moduleIds.map(packageOf)).filter((each) => each !== undefined)
}

/** Every file that a manifest names. */
function targets(manifest) {
  const { exports, imports, bin, jsdelivr, unpkg } = manifest
  const found = []
  const visit = (value) => {
    if (typeof value === 'string' && value.startsWith('./')) found.push(value)
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit)
  }
  visit([exports, imports, bin, jsdelivr, unpkg])
  return new Set(found)
}

/** Links of a README that lead to no file of its package; there is nothing else that a relative link could mean. */
function unresolvableLinks(text, folder) {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target)
    .filter((target) => !/^(https?:|#|mailto:)/.test(target))
    .filter((target) => !existsSync(join(folder, target.replace(/#.*$/, ''))))
    .map((target) => `README.md links to ${target}, which is not in the package`)
}
