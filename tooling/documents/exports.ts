import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The folder of this repository. */
export const root: string = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Something that users can import, at the place where it is declared. */
export interface Documented {
  /** For example `@mobileone/core/half toHalf`, or `… ExampleSet.fit` for a method. */
  readonly name: string
  /** `path:line` from the root. */
  readonly at: string
  readonly comment: string
  /** The codes of the errors that it throws itself, in the source. */
  readonly throws: readonly string[]
  readonly isFunction: boolean
}

/** A file, or files by condition. */
type Target = string | { readonly [condition: string]: Target }

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, Target>>
}

/** The sources of the entry points of every published package, by what an import says. */
export function entryPoints(): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const folder = join(root, 'packages', name)
    if (!existsSync(join(folder, 'package.json'))) continue
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    if (manifest.private) continue
    for (const [path, target] of Object.entries(manifest.exports ?? {})) {
      const source = typeof target === 'string' ? undefined : declaring(target.source)
      if (source?.endsWith('.ts')) found.set(join(manifest.name, path), join(folder, source))
    }
  }
  return found
}

/** The file that declares the types. */
function declaring(target: Target | undefined): string | undefined {
  if (target === undefined || typeof target === 'string') return target
  return declaring(target.types ?? target.default)
}

/** The compiler options of this repository, for a program of one's own. */
export function compilerOptions(): ts.CompilerOptions {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} }
  const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), {}, host)
  if (!config) throw new Error(`cannot read ${join(root, 'tsconfig.json')}`)
  return config.options
}

/** Every export of the entry points, once, with its comment; of classes the public methods too. */
export function documentedExports(): Documented[] {
  const entries = entryPoints()
  const program = ts.createProgram([...new Set(entries.values())], compilerOptions())
  const checker = program.getTypeChecker()
  const found = new Map<ts.Declaration, Documented>()
  for (const [entry, file] of entries) {
    const source = program.getSourceFile(file)
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`${entry}: ${file} exports nothing`)
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const declaration = symbol.declarations?.[0]
      if (!declaration || found.has(declaration)) continue
      const { fileName } = declaration.getSourceFile()
      if (fileName.includes('node_modules') || !fileName.startsWith(root)) continue
      found.set(declaration, describe(`${entry} ${exported.name}`, symbol, declaration, checker))
      for (const member of methods(declaration)) {
        const method = checker.getSymbolAtLocation(member.name)
        if (!method) continue
        const name = `${entry} ${exported.name}.${method.name}`
        found.set(member, describe(name, method, member, checker))
      }
    }
  }
  return [...found.values()]
}

function describe(
  name: string,
  symbol: ts.Symbol,
  declaration: ts.Declaration,
  checker: ts.TypeChecker,
): Documented {
  const source = declaration.getSourceFile()
  const { line } = source.getLineAndCharacterOfPosition(declaration.getStart())
  const tags = symbol.getJsDocTags(checker)
  const body = bodyOf(declaration)
  return {
    name,
    at: `${relative(root, source.fileName)}:${line + 1}`,
    comment: [
      ts.displayPartsToString(symbol.getDocumentationComment(checker)),
      ...tags.map((tag) => `@${tag.name} ${ts.displayPartsToString(tag.text)}`),
    ]
      .join('\n')
      .trim(),
    throws: body ? [...new Set(codesThrown(body))] : [],
    isFunction: body !== undefined,
  }
}

function methods(declaration: ts.Declaration): ts.MethodDeclaration[] {
  if (!ts.isClassDeclaration(declaration)) return []
  return declaration.members.filter(ts.isMethodDeclaration).filter(({ name }) => ts.isIdentifier(name))
}

function bodyOf(declaration: ts.Declaration): ts.Node | undefined {
  if (ts.isFunctionDeclaration(declaration) || ts.isMethodDeclaration(declaration)) return declaration.body
  if (!ts.isVariableDeclaration(declaration) || !declaration.initializer) return undefined
  const value = declaration.initializer
  return ts.isArrowFunction(value) || ts.isFunctionExpression(value) ? value.body : undefined
}

/** The codes in `throw new MobileOneError('code', …)` that a call of the function itself comes to. */
function codesThrown(node: ts.Node): string[] {
  if (ts.isFunctionLike(node)) return []
  if (ts.isThrowStatement(node) && node.expression && ts.isNewExpression(node.expression)) {
    const { expression, arguments: given } = node.expression
    const [code] = given ?? []
    if (expression.getText() === 'MobileOneError' && code && ts.isStringLiteral(code)) return [code.text]
  }
  const found: string[] = []
  ts.forEachChild(node, (child) => {
    found.push(...codesThrown(child))
  })
  return found
}
