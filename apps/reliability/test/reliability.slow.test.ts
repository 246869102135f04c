import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lacking } from '@mobileone/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import type { FaultResult } from '../src/faults/fault.ts'
import { builtProgram } from '../src/paths.ts'
import type { SoakReport } from '../src/soak/report.ts'

const folder = mkdtempSync(join(tmpdir(), 'mobileone-reliability-'))
afterAll(() => rmSync(folder, { recursive: true }))

function run(
  program: string,
  args: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [builtProgram(program), ...args], { encoding: 'utf8', cwd: folder })
}

describe('soak', () => {
  it('runs wasm in Node: nothing grows, every output is as the first one', () => {
    const args = ['-b', 'wasm', '-r', 'node', '--inferences', '800', '--cycles', '24', '--aborts', '200']
    const { status, stdout, stderr } = run('soak', [...args, '--json', '-o', 'soak.json'])
    expect([status, stderr]).toEqual([0, expect.stringContaining('nothing has grown')])
    const { parts } = JSON.parse(stdout) as SoakReport
    expect(parts.map(({ phase, done, samples }) => [phase, done, samples.length])).toEqual([
      ['inferences', 800, 41],
      ['cycles', 24, 16],
      ['aborts', 200, 16],
    ])
    expect(parts[2]?.aborted).toBeGreaterThan(100)
    expect(JSON.parse(readFileSync(join(folder, 'soak.json'), 'utf8')).parts).toEqual(parts)
  })

  it.skipIf(lacking('chromium'))('runs webgpu in Chromium', () => {
    const args = ['-b', 'webgpu', '-r', 'chromium', '--inferences', '60', '--cycles', '15', '--aborts', '60']
    expect(run('soak', args)).toMatchObject({ status: 0, stdout: expect.stringContaining('flat') })
  })

  it('fails where memory has grown, and fills the places of a document', () => {
    const report = JSON.parse(readFileSync(join(folder, 'soak.json'), 'utf8'))
    report.parts[0].grown = [{ what: 'heap', from: 8e6, to: 9.5e6 }]
    writeFileSync(join(folder, 'grown.json'), JSON.stringify(report))
    writeFileSync(
      join(folder, 'doc.md'),
      '<!-- soak run -->\n<!-- /soak -->\n<!-- soak inferences -->\nold\n<!-- /soak -->\nend\n',
    )
    const { status, stderr } = run('soak', ['--from', 'grown.json', '--write', 'doc.md'])
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('wasm in node, inferences: heap has grown from 8.0 MB to 9.5 MB'),
    ])
    const written = readFileSync(join(folder, 'doc.md'), 'utf8')
    expect(written).toMatch(/UTC, .* cores, .*node \d/)
    expect(written).toMatch(/\| wasm \| node \| 800 \| 800 \| .*grown: heap \|/)
    expect(written).not.toContain('old')
  })

  it('says what it takes', () => {
    expect(run('soak', ['--backends', 'cuda'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--backends takes wasm, wasm-threads,'),
    })
    expect(run('soak', ['--cycles', 'many']).stderr).toContain('--cycles takes a whole number')
    expect(run('soak', ['--from', 'doc.md']).stderr).toContain('cannot read doc.md')
    expect(run('soak', ['--help']).stdout).toContain('npm run soak -- --quick')
  })
})

describe('faults', () => {
  const selection = ['stall-in-body', 'truncated-always', 'corrupted-pinned', 'full-cache', 'full-export']
  const longer = ['cache-write', 'pool-thread-terminated', 'wasm-memory-refused']

  it('keep the promises of a selection', () => {
    const args = ['--only', [...selection, ...longer].join(), '--moments', '2', '--json', '-o', 'faults.json']
    const { status, stdout } = run('faults', args)
    const { results } = JSON.parse(stdout) as { readonly results: readonly FaultResult[] }
    expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect([status, results.length]).toEqual([0, selection.length + longer.length])
    for (const { name, outcome, seen } of results) {
      if (outcome === 'skipped') console.warn(`SKIPPED: ${name}, because ${seen}`)
    }
  })

  it.skipIf(lacking('chromium'))('keep the promises of a selection in Chromium', () => {
    const { status, stdout } = run('faults', ['--only', 'own-device-destroyed,page-worker-terminated'])
    expect([status, stdout]).toEqual([0, expect.not.stringContaining('FAIL')])
  })

  it('fail where a promise was broken, and fill the places of a document', () => {
    const report = JSON.parse(readFileSync(join(folder, 'faults.json'), 'utf8'))
    report.results[0].outcome = 'failed'
    writeFileSync(join(folder, 'broken.json'), JSON.stringify(report))
    writeFileSync(join(folder, 'doc.md'), '<!-- faults network -->\n<!-- /faults -->\n')
    const { status, stdout, stderr } = run('faults', ['--from', 'broken.json', '--write', 'doc.md'])
    expect([status, stdout, stderr]).toEqual([
      1,
      expect.stringMatching(/^FAIL network {2}stall-in-body/),
      expect.stringContaining('1 promises broken'),
    ])
    expect(readFileSync(join(folder, 'doc.md'), 'utf8')).toContain('**failed**: whole after')
  })

  it('list themselves', () => {
    const { stdout } = run('faults', ['--list', '--areas', 'gpu'])
    expect(stdout.trim().split('\n')).toHaveLength(4)
    expect(run('faults', ['--only', 'nothing']).stderr).toContain('--only takes stall-before-headers,')
  })
})
