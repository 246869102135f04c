import { cpSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Block, blocksOf, place } from './blocks.ts'
import type { SnippetCase } from './cases.ts'
import { root } from './exports.ts'
import { commandsOf } from './shell-words.ts'
import type { TestedFile } from './tested-files.ts'

/** A block with code in it, in a file where it can be compiled and run. */
export interface Snippet {
  readonly block: Block
  /** Absolute. */
  readonly file: string
  /** Lines of `file` before the block's first. */
  readonly before: number
  /** The file of the repository that has the same text, and is run by a test. */
  readonly tested?: TestedFile
  readonly known?: SnippetCase
}

/** Endings of files by the language of a block. */
const endings: Readonly<Record<string, string>> = {
  ts: 'ts',
  tsx: 'tsx',
  js: 'mjs',
  jsx: 'jsx',
  vue: 'ts',
  html: 'mjs',
}

export const isCode = ({ language }: Block): boolean => Object.hasOwn(endings, language)

const isMarkup = ({ language }: Block): boolean => language === 'vue' || language === 'html'

/** The code of a block: of a page its module scripts, of a Vue component its script. */
function codeOf(block: Block): string {
  const { text } = block
  if (!isMarkup(block)) return text
  const scripts = [...text.matchAll(/<script[^>]*>\n?([\s\S]*?)<\/script>/g)].map((match) => match[1] ?? '')
  const skipped = text.slice(0, Math.max(0, text.indexOf(scripts[0] ?? ''))).split('\n').length - 1
  return '\n'.repeat(skipped) + scripts.join('\n')
}

/**
 * Write `block` into a file below `folder`, whose neighbours are the packages that its document's package has installed and
 * that package itself; all of the workspace for documents that belong to none.
 */
export function placeSnippet(
  block: Block,
  folder: string,
  known: SnippetCase | undefined,
  tested: readonly TestedFile[],
): Snippet {
  const same = tested.find(({ text }) => text === block.text)
  if (same && !isMarkup(block)) return { block, file: join(root, same.path), before: 0, tested: same }
  const home = join(folder, block.document.replaceAll(/\W/g, '-'))
  linkPackages(home, block.document)
  const own = join(home, String(block.line))
  const file = join(own, 'test', `snippet.${endings[block.language]}`)
  mkdirSync(dirname(file), { recursive: true })
  for (const [path, content] of Object.entries(known?.files ?? {})) {
    mkdirSync(dirname(join(own, path)), { recursive: true })
    if (content.startsWith('copy:')) cpSync(join(root, content.slice(5)), join(own, path))
    else writeFileSync(join(own, path), content)
  }
  const before = known?.before ? `${known.before.trim()}\n` : ''
  writeFileSync(file, before + codeOf(block))
  return {
    block,
    file,
    before: before.split('\n').length - 1,
    ...(same && { tested: same }),
    ...(known && { known }),
  }
}

function linkPackages(home: string, document: string): void {
  if (existsSync(home)) return
  const owner = /^(packages|apps|examples)\/[^/]+/.exec(document)?.[0]
  const modules = join(home, 'node_modules')
  mkdirSync(modules, { recursive: true })
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }\n')
  const link = (name: string, target: string): void => {
    const path = join(modules, name)
    if (existsSync(path)) return
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(realpathSync(target), path, 'junction')
  }
  const own = owner
    ? [owner, ...installedBy(document)]
    : readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
  for (const each of own.filter((path) => existsSync(join(root, path, 'package.json')))) {
    if (each.startsWith('packages/')) link(`@mobileone/${each.slice('packages/'.length)}`, join(root, each))
    const installed = join(root, each, 'node_modules')
    for (const name of existsSync(installed) ? readdirSync(installed) : []) {
      if (name.startsWith('.')) continue
      if (!name.startsWith('@')) link(name, join(installed, name))
      else
        for (const inner of readdirSync(join(installed, name)))
          link(`${name}/${inner}`, join(installed, name, inner))
    }
  }
  const shared = join(root, 'node_modules')
  for (const name of readdirSync(shared)) {
    if (!name.startsWith('.') && !name.startsWith('@')) link(name, join(shared, name))
  }
}

/** The packages of the workspace that a document tells its reader to install. */
function installedBy(document: string): string[] {
  const commands = blocksOf(document)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => commandsOf(text))
  return commands
    .filter(([program, verb]) => program === 'npm' && (verb === 'i' || verb === 'install'))
    .flat()
    .filter((word) => word.startsWith('@mobileone/'))
    .map((name) => `packages/${name.slice('@mobileone/'.length)}`)
}

/** What the compiler or a run said, at the line of the document. */
export const at = ({ block, before }: Snippet, line: number): string =>
  place({ ...block, line: block.line + line - before })
