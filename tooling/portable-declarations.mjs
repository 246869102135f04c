/**
 * Declarations that mean the same in any project. Sources use the types of the DOM, of the newest TypeScript and of optional
 * libraries; a project may have none of them, and with `skipLibCheck` a name that is missing would silently be `any`.
 *
 * | in a declaration             | becomes                                                                                   |
 * | ---------------------------- | ----------------------------------------------------------------------------------------- |
 * | `HTMLImageElement`, ...      | the project's own type of that name, `never` where it has none                             |
 * | `GPUDevice`, ...             | the project's own type of that name, `object` where it has none                            |
 * | `Uint8Array<ArrayBuffer>`    | the type that `slice` returns: `Uint8Array` before TypeScript 5.7                          |
 * | an import of an optional peer | the same, with no error where it is not installed                                          |
 * | `AsyncDisposable`            | the same, with the library that declares it                                               |
 */
import { createRequire } from 'node:module'

// As a module its names would be looked for in all of its nine megabytes: a second for each package that is built.
const ts = createRequire(import.meta.url)('typescript')

/** What a picture or a module of code can be where there is a DOM, and cannot be elsewhere: they stand in unions. */
const DOM_ONLY = new Set([
  'HTMLCanvasElement',
  'HTMLImageElement',
  'HTMLVideoElement',
  'ImageBitmap',
  'ImageData',
  'MediaStream',
  'MediaStreamTrack',
  'OffscreenCanvas',
  'SVGImageElement',
  'TrustedScriptURL',
  'VideoFrame',
  'Worker',
])
const TYPED_ARRAY = /^(Uint8|Int8|Uint8Clamped|Int16|Uint16|Int32|Uint32|Float32|Float64)Array$/
const DISPOSABLE = /^(Async)?Disposable$/

/** `code`, the text of a declaration file, in its portable form; `optionalPeers`: modules that may be missing. */
export function portableDeclarations(code, optionalPeers = []) {
  const file = ts.createSourceFile('index.d.mts', code, ts.ScriptTarget.Latest, true)
  const edits = []
  const globals = new Map()
  const local = namesDeclaredIn(file)
  let disposable = false

  const useGlobal = (path, node) => {
    const name = `Global_${path.replace('.', '_')}`
    globals.set(name, globalType(path))
    edits.push({ from: node.getStart(file), to: node.getEnd(), text: name })
  }

  const visit = (node) => {
    if (ts.isImportDeclaration(node) && isOptional(node.moduleSpecifier.text, optionalPeers)) {
      edits.push({
        from: node.getStart(file),
        to: node.getStart(file),
        text: '// @ts-ignore: an optional peer\n',
      })
    }
    if (ts.isTypeReferenceNode(node)) {
      const name = node.typeName.getText(file)
      if (!local.has(name.split('.')[0])) {
        if (DOM_ONLY.has(name) || /^GPU([A-Z]|$)/.test(name) || name.startsWith('WebAssembly.')) {
          useGlobal(name, node)
          return
        }
        if (TYPED_ARRAY.test(name) && node.typeArguments?.length === 1) {
          const buffer = node.typeArguments[0].getText(file)
          const text = buffer === 'ArrayBuffer' ? `ReturnType<${name}["slice"]>` : name
          if (buffer === 'ArrayBuffer' || buffer === 'ArrayBufferLike') {
            edits.push({ from: node.getStart(file), to: node.getEnd(), text })
            return
          }
        }
      }
      disposable ||= DISPOSABLE.test(name)
    }
    if (ts.isExpressionWithTypeArguments(node)) disposable ||= DISPOSABLE.test(node.expression.getText(file))
    if (ts.isComputedPropertyName(node))
      disposable ||= /^Symbol\.(asyncD|d)ispose$/.test(node.expression.getText(file))
    ts.forEachChild(node, visit)
  }
  visit(file)

  let result = code
  for (const { from, to, text } of edits.sort((a, b) => b.from - a.from)) {
    result = `${result.slice(0, from)}${text}${result.slice(to)}`
  }
  const head = disposable ? '/// <reference lib="esnext.disposable" />\n' : ''
  const types = [...globals].map(([name, type]) => `type ${name} = ${type};\n`).join('')
  const end = result.lastIndexOf('\n//# sourceMappingURL')
  return end < 0
    ? `${head}${result}\n${types}`
    : `${head}${result.slice(0, end)}\n${types}${result.slice(end)}`
}

/** The type of the instances of a global class, by its dotted path. */
function globalType(path) {
  const shape = path
    .split('.')
    .reduceRight((inner, name) => `{ ${name}: ${inner} }`, '{ prototype: infer T }')
  return `typeof globalThis extends ${shape} ? T : ${path.startsWith('GPU') ? 'object' : 'never'}`
}

function namesDeclaredIn(file) {
  const names = new Set()
  for (const statement of file.statements) {
    if (statement.name) names.add(statement.name.text)
    const clause = ts.isImportDeclaration(statement) ? statement.importClause : undefined
    if (clause?.name) names.add(clause.name.text)
    const bindings = clause?.namedBindings
    if (bindings && ts.isNamespaceImport(bindings)) names.add(bindings.name.text)
    if (bindings && ts.isNamedImports(bindings))
      for (const { name } of bindings.elements) names.add(name.text)
  }
  return names
}

function isOptional(specifier, peers) {
  return peers.some((peer) => specifier === peer || specifier.startsWith(`${peer}/`))
}
