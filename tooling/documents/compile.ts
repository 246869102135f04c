import ts from 'typescript'
import { compilerOptions } from './exports.ts'
import { at, type Snippet } from './snippet.ts'

const unused = new Set([6133, 6192, 6196, 6198])

/** What JavaScript gets wrong, with or without types: names, modules, exports and options that are not there. */
const wrongNames = new Set([2304, 2305, 2307, 2353, 2551, 2552, 2561, 2724])

/**
 * Type-check snippets against the sources of the workspace, strictly, in one program. A name that nothing uses is allowed,
 * since readers go on from there, but for an import. JavaScript that is run is held to its names alone.
 */
export function compile(snippets: readonly Snippet[]): string[] {
  const options: ts.CompilerOptions = {
    ...compilerOptions(),
    allowJs: true,
    checkJs: true,
    jsx: ts.JsxEmit.ReactJSX,
    moduleDetection: ts.ModuleDetectionKind.Force,
    noUnusedParameters: false,
  }
  const program = ts.createProgram([...new Set(snippets.map(({ file }) => file))], options)
  return snippets.flatMap((snippet) => {
    const source = program.getSourceFile(snippet.file)
    if (!source) return [`${at(snippet, snippet.before)}: ${snippet.file} was not compiled`]
    const isLoose = /\.m?jsx?$/.test(snippet.file) && snippet.known?.compiledOnly === undefined
    const isImport = (start: number): boolean =>
      source.statements.some(
        (statement) => ts.isImportDeclaration(statement) && statement.pos <= start && start < statement.end,
      )
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      .filter(({ code, start = 0 }) => !unused.has(code) || isImport(start))
      .filter(({ code }) => !isLoose || code < 2000 || wrongNames.has(code))
      .map(({ messageText, start = 0 }) => {
        const { line } = source.getLineAndCharacterOfPosition(start)
        return `${at(snippet, line)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      })
  })
}
