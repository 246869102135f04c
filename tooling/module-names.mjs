/** What a source file names: modules, with the names it takes of each, and other files by their paths in strings. */
import { parseSync } from 'vite'

/**
 * @typedef {object} ModuleNames
 * @property {Request[]} requests Modules that it imports, or exports from, for their values.
 * @property {string[]} strings What stands between quotes elsewhere, in strings or between two of them.
 * @property {Set<string>} exports Names of the values that it exports.
 * @property {Map<string, Origin> | undefined} reexports Where each of these comes from, if the file does nothing but import and export.
 * @property {string[]} stars Modules of `export *`.
 *
 * @typedef {object} Request
 * @property {string} from
 * @property {string[] | undefined} names Undefined where all of the module is needed; empty where it is loaded for types alone.
 * @property {boolean} isBare
 *
 * @typedef {object} Origin
 * @property {string} from
 * @property {string | undefined} name Undefined for the whole module.
 */

/** @returns {ModuleNames} The names in `text`, whose language is told by the end of `path`. Of what cannot be parsed, strings alone. */
export function moduleNames(path, text) {
  const { module, comments, errors } = parseSync(path, text)
  if (errors.length > 0)
    return { requests: [], strings: betweenQuotes(text), exports: new Set(), reexports: undefined, stars: [] }
  const imports = module.staticImports.map((found) => readImport(found, text))
  const imported = new Map(imports.flatMap(({ locals }) => locals))
  const requests = imports.flatMap(({ request }) => request ?? [])
  const reexports = new Map()
  const stars = []
  let hasOwn = false
  for (const { isType, moduleRequest, importName, exportName, localName } of entriesOf(
    module.staticExports,
  )) {
    if (isType) continue
    const exported = exportName.name ?? 'default'
    const from = moduleRequest?.value
    const origin =
      from === undefined ? imported.get(localName.name) : { from, name: importName.name ?? undefined }
    if (from !== undefined) requests.push({ from, names: origin.name && [origin.name], isBare: false })
    if (importName.kind === 'AllButDefault') stars.push(from)
    else {
      reexports.set(exported, origin)
      hasOwn ||= origin === undefined
    }
  }
  const taken = module.dynamicImports.flatMap((found) => readDestructured(found, text) ?? [])
  requests.push(...taken.map(({ request }) => request))
  const passing = [
    ...module.staticImports,
    ...module.staticExports.filter(({ entries }) => entries.some(isFrom)),
  ]
  const rest = without(text, [...comments, ...passing, ...taken])
  const statements = without(text, [...comments, ...module.staticImports, ...module.staticExports]).replace(
    /\bexport\s*\{[^{}]*\}/g,
    '',
  )
  const onlyPasses = !hasOwn && /^[\s;]*((['"])use [\w ]+\2)?[\s;]*$/.test(statements)
  return {
    requests,
    strings: betweenQuotes(rest),
    exports: new Set(reexports.keys()),
    reexports: onlyPasses ? reexports : undefined,
    stars,
  }
}

const entriesOf = (exported) => exported.flatMap(({ entries }) => entries)
const isFrom = ({ moduleRequest }) => moduleRequest !== null

function readImport({ start, moduleRequest, entries }, text) {
  const from = moduleRequest.value
  const values = entries.filter(({ isType }) => !isType)
  if (
    entries.length > 0 &&
    values.length === 0 &&
    /^import\s+type\b(?!\s*,)/.test(text.slice(start, moduleRequest.start))
  )
    return { locals: [] }
  const names = values.map(({ importName: { kind, name } }) =>
    kind === 'Default' ? 'default' : (name ?? undefined),
  )
  const isWhole = entries.length === 0 || names.includes(undefined)
  return {
    request: { from, names: isWhole ? undefined : names, isBare: entries.length === 0 },
    locals: values.map(({ localName }, index) => [localName.value, { from, name: names[index] }]),
  }
}

/** `const { a, b: c } = await import('x')` and `(await import('x')).a`, which take names as an import at the top does. */
function readDestructured({ start, end, moduleRequest }, text) {
  const from = /^(['"])([^'"\\]+)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end))?.[2]
  const before = text.slice(0, start)
  const awaited = /\bawait\s*$/.exec(before)
  if (from === undefined || !awaited) return undefined
  const pattern = /\{([\w$\s,:]+)\}\s*=\s*$/.exec(before.slice(0, awaited.index))?.[1]
  const member = /\(\s*$/.test(before.slice(0, awaited.index))
    ? /^\s*\)\.([\w$]+)/.exec(text.slice(end))
    : null
  const names = pattern?.split(',').map((each) => each.split(':', 1)[0].trim()) ?? member?.slice(1)
  return names && { start, end, request: { from, names: names.filter((name) => name !== ''), isBare: false } }
}

function without(text, ranges) {
  let [rest, end] = ['', 0]
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    rest += `${text.slice(end, Math.max(end, range.start))} `
    end = Math.max(end, range.end)
  }
  return rest + text.slice(end)
}

/** What stands between two quotes of a kind on a line, be it a string, within one or between two; of templates up to the first `${`. */
function betweenQuotes(text) {
  const found = new Set()
  for (const line of text.split('\n')) {
    for (const quote of ["'", '"', '`']) {
      const parts = line.split(quote)
      const end = quote === '`' ? parts.length : parts.length - 1
      for (const part of parts.slice(1, end)) found.add(part.split('${', 1)[0])
    }
  }
  found.delete('')
  return [...found]
}
