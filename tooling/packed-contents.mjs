/** What is wrong inside an unpacked package, where `folder` is it: facts, imports and licences that are missing. */
import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import ts from 'typescript'

/** Complaints about what registries show and installers go by; a program alone needs no `exports`. */
export function missingFacts(manifest) {
  const wanted = ['description', 'keywords', 'license', 'homepage', 'bugs', 'repository', 'engines', 'type']
  if (!manifest.bin) wanted.push('exports', 'sideEffects')
  return wanted
    .filter((key) => manifest[key] === undefined || manifest[key] === '')
    .map((key) => `package.json has no ${key}`)
}

/** Complaints about imports, in programs and declarations, of packages that an installer would not bring. */
export function undeclaredImports(folder, manifest) {
  const declared = new Set([
    manifest.name,
    ...['dependencies', 'peerDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.keys(manifest[kind] ?? {}),
    ),
  ])
  return filesOf(folder, /\.([mc]?js|d\.m?ts)$/).flatMap((file) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(folder, file), 'utf8'), true, true)
    const names = importedFiles
      .map(({ fileName }) => fileName)
      .filter((name) => /^(@[\w.-]+\/)?[\w-][\w.-]*(\/|$)/.test(name) && !isBuiltin(name))
      .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
    return [...new Set(names)]
      .filter((name) => !declared.has(name))
      .map((name) => `${file} imports ${name}, which package.json does not name`)
  })
}

/** Names of other packages whose code is in bundles, by source maps and by the comments of the bundler. */
export function bundledIn(folder) {
  const byMap = filesOf(folder, /\.map$/).flatMap(
    (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).sources,
  )
  const byComment = filesOf(folder, /\.[mc]?js$/).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/^\/\/#region (.+)$/gm)].map(([, path]) => path),
  )
  return [...byMap, ...byComment].map((path) => packageOf(path ?? '')).filter((name) => name !== undefined)
}

/** The name of the package of others that has the file `path`. */
export function packageOf(path) {
  const [, name] = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(path) ?? []
  return name?.startsWith('@mobileone') ? undefined : name?.replace('\\', '/')
}

/** Complaints about packages of `bundled` without a licence in some THIRD-PARTY-NOTICES.txt. */
export function missingNotices(folder, bundled) {
  const lines = filesOf(folder, /THIRD-PARTY-NOTICES\.txt$/).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8').split('\n'),
  )
  return [...new Set(bundled)]
    .filter((name) => !lines.some((line) => line.startsWith(`${name} `)))
    .map((name) => `the code of ${name} is bundled, and no THIRD-PARTY-NOTICES.txt has its licence`)
}

function filesOf(folder, ending) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => ending.test(file) && !/(^|[\\/])node_modules[\\/]/.test(file),
  )
}
