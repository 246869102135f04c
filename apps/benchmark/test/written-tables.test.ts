import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Result } from '@mobileone/measure'
import { afterAll, describe, expect, it } from 'vitest'
import { stepsOf } from '../src/compare-steps.ts'
import { parseOptions } from '../src/options.ts'
import { speedMarkdown } from '../src/speed-table.ts'
import { markdownTable, type TableName, tablesIn } from '../src/written-tables.ts'
import { makeReport } from './sample-report.ts'

const folder = mkdtempSync(join(tmpdir(), 'mobileone-tables-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const page = (name: string): string => fileURLToPath(new URL(`../../../docs/${name}.md`, import.meta.url))

describe('places of a Markdown file', () => {
  it('are filled by name, and others left as they are', () => {
    const file = join(folder, 'page.md')
    const before =
      'a\n<!-- bench start -->\nold\n<!-- /bench -->\nb\n<!-- bench camera -->\nkept\n<!-- /bench -->\n'
    writeFileSync(file, before)
    tablesIn(file, ['start'])({ start: '| new |', gpu: 'elsewhere' })
    expect(readFileSync(file, 'utf8')).toBe(before.replace('old\n', '\n| new |\n'))
  })

  it('are looked for before anything is measured', () => {
    expect(() => tablesIn(page('benchmarks'), ['engines', 'speed'])).not.toThrow()
    expect(() => tablesIn(page('benchmarks'), ['camera'])).toThrow(/has places for engines, none for camera/)
    expect(() => tablesIn(page('start'), ['camera'])).toThrow(/start.md has no place for a table/)
    expect(() => tablesIn(page('none'), ['camera'])).toThrow(/cannot read .*none.md/)
    expect(() => tablesIn(undefined, ['camera'])({ camera: 'nowhere' })).not.toThrow()
  })

  it('of the comparison are all filled by what npm run compare runs', () => {
    const fills: Readonly<Record<string, readonly TableName[]>> = {
      'bench:downloads': ['downloads', 'packages'],
      'bench:start': ['start'],
      'bench:camera': ['camera'],
    }
    const write = page('comparison')
    const steps = stepsOf({ quick: true, write, int8Files: { onnx: 'a.onnx', tflite: 'a.tflite' } })
    const filled = steps.flatMap(({ command, args }): readonly TableName[] => {
      expect(args.slice(-2)).toEqual(['--write', write])
      if (command !== 'bench') return fills[command] ?? []
      return parseOptions(args)?.adapter ? ['gpu'] : ['speed']
    })
    const places = [...readFileSync(write, 'utf8').matchAll(/<!-- bench ([a-z]+) -->/g)].map(
      ([, name]) => name,
    )
    expect(filled.sort()).toEqual(places.sort())
    for (const name of places) expect(() => tablesIn(write, [name as TableName])).not.toThrow()
  })
})

describe('a table in Markdown', () => {
  it('has numbers to the right and ours bold', () => {
    const rows = [
      ['ours', '1', ''],
      ['theirs', '2', 'x'],
    ]
    expect(markdownTable(['who', 'ms', 'why'], rows, [1], ([name]) => name === 'ours')).toBe(
      ['| who | ms | why |', '| --- | ---: | --- |', '| **ours** | **1** |  |', '| theirs | 2 | x |'].join(
        '\n',
      ),
    )
  })

  it('of speeds names everyone, in the columns one chooses by', () => {
    const accuracy = { photographs: 200, right: 169 }
    const text = speedMarkdown(makeReport({ accuracy }))
    expect(text).toMatch(/^2\d{3}-.* UTC, .* runs of each in turns, medians\./)
    expect(text).toContain(
      'S0 in browser, milliseconds:\n\n| contender | threads | median | × ours | start | memory | error | top-1 |',
    )
    const [first, second] = text.split('\n').filter((line) => /^\| (\*\*)?(MobileOne|LiteRT)/.test(line))
    expect(first).toMatch(/^\| \*\*MobileOne, WebAssembly\*\* .* \*\*84.5\*\* \|$/)
    expect(second).toMatch(/^\| LiteRT.js, WebAssembly \(XNNPACK\) \| 1 \| .* 84.5 \|$/)
  })

  it('of a GPU names the adapter, and warns of one in software', () => {
    const gpu: NonNullable<Result['gpu']> = {
      adapter: { name: 'google swiftshader', software: true },
      dispatches: 45,
      submits: 1,
      buffers: 0,
      uploadedBytes: 1,
      readBytes: 1,
      bufferBytes: 1,
      runs: 3,
    }
    expect(speedMarkdown(makeReport({ gpu }))).toMatch(
      /Adapter: google swiftshader, a \*\*software adapter\*\*/,
    )
  })
})
