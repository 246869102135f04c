import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { Language, type Node, Parser } from 'web-tree-sitter'

const grammar = createRequire(import.meta.url).resolve(
  '@cursorless/tree-sitter-wasms/out/tree-sitter-swift.wasm',
)

/** Finds what in a Swift source does not fit Swift's grammar, as `line:column what`; by tree-sitter, without a compiler. */
export async function openSwiftGrammar(): Promise<(source: string) => readonly string[]> {
  await Parser.init()
  const parser = new Parser()
  parser.setLanguage(await Language.load(grammar))
  return (source) => {
    const tree = parser.parse(source)
    if (!tree) throw new Error('the parser gave up')
    return faultsOf(tree.rootNode)
  }
}

function faultsOf(node: Node): readonly string[] {
  if (!node.hasError) return []
  const { row, column } = node.startPosition
  if (node.isMissing) return [`${row + 1}:${column + 1} "${node.type}" is missing`]
  if (node.isError) return [`${row + 1}:${column + 1} unexpected "${node.text.slice(0, 40)}"`]
  return node.children.flatMap((child) => faultsOf(child))
}

/** What `swiftc -parse` says of a source, empty where it takes it. Imports are not looked up. */
export function parseWithSwiftc(source: string): string {
  const { status, stderr, error } = spawnSync('swiftc', ['-swift-version', '5', '-parse', '-'], {
    input: source,
    encoding: 'utf8',
  })
  return status === 0 ? '' : `${error?.message ?? stderr}` || `exit code ${status}`
}
