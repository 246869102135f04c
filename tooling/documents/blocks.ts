import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from './exports.ts'

/** A fenced block of a document. */
export interface Block {
  /** Path of the document from the root. */
  readonly document: string
  /** Of the block's first line, from 1. */
  readonly line: number
  /** What stands after the fence; empty for output and listings. */
  readonly language: string
  readonly text: string
}

/** What errors call a block. */
export const place = ({ document, line }: Block): string => `${document}:${line}`

/** The READMEs of the root, packages, apps and examples, and everything in `docs`, from the root. */
export function documents(): string[] {
  const within = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${folder}/${name}/README.md`)
  const folders = ['packages', 'apps', 'examples'].filter((folder) => existsSync(join(root, folder)))
  const guides = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => relative(root, join(root, 'docs', name)))
  return ['README.md', ...folders.flatMap(within).sort(), ...guides.sort()].filter((path) =>
    existsSync(join(root, path)),
  )
}

/** The fenced blocks of a document, in order. A fence is indented as its list item is. */
export function blocksOf(document: string, text = readFileSync(join(root, document), 'utf8')): Block[] {
  const blocks: Block[] = []
  let open: { indent: string; language: string; line: number; lines: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const [, indent = '', language = ''] = /^( *)```(\w*)/.exec(line) ?? []
    const isFence = line.trimStart().startsWith('```')
    if (open && isFence && indent === open.indent) {
      const { lines, ...rest } = open
      blocks.push({ document, line: rest.line, language: rest.language, text: `${lines.join('\n')}\n` })
      open = undefined
    } else if (open) open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    else if (isFence) open = { indent, language, line: index + 2, lines: [] }
  }
  if (open) throw new Error(`${document}: the fence before line ${open.line} does not end`)
  return blocks
}
