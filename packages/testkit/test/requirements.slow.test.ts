import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const nowhere = '/nowhere/chromium'
const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url))

describe('a whole run', () => {
  const run = (required: string): { readonly status: number | null; readonly output: string } => {
    const env = { ...process.env, CHROMIUM_PATH: nowhere, MOBILEONE_REQUIRE: required, NO_COLOR: '1' }
    const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--root', fixtures], {
      encoding: 'utf8',
      env,
    })
    return { status, output: stdout + stderr }
  }

  it('passes with a skipped test and a line about it', () => {
    const { status, output } = run('')
    expect(output).toMatch(/SKIPPED for want of "chromium"/)
    expect(output).toMatch(/Tests +1 skipped/)
    expect(status).toBe(0)
  })

  it('fails where the browser is required', () => {
    const { status, output } = run('chromium')
    expect(output).toMatch(/MOBILEONE_REQUIRE demands "chromium", but there is no \/nowhere\/chromium/)
    expect(status).toBe(1)
  })
})
