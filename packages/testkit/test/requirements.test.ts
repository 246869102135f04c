import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const nowhere = '/nowhere/chromium'
type Testkit = typeof import('../src/requirements.ts')

/** The module as a machine with these variables loads it. */
async function load(env: Readonly<Record<string, string>>): Promise<Testkit> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  vi.resetModules()
  return import('../src/requirements.ts')
}

// Other test files are not on such machines.
afterEach(() => {
  vi.unstubAllEnvs()
  vi.resetModules()
})

describe('what is missing', () => {
  let warn: ReturnType<typeof vi.spyOn>
  beforeEach(() => {
    warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  })
  afterEach(() => void vi.restoreAllMocks())

  it('is skipped with one line that tells what, why and how to get it', async () => {
    const { lacking } = await load({ CHROMIUM_PATH: nowhere, MOBILEONE_REQUIRE: '' })
    expect([lacking('chromium'), lacking('chromium')]).toEqual([true, true])
    expect(warn.mock.calls).toEqual([
      [
        `SKIPPED for want of "chromium": tests in a real browser, because there is no ${nowhere}. To run them: apt-get install chromium, or set CHROMIUM_PATH`,
      ],
    ])
  })

  it('is an error where it is required', async () => {
    const { lacking } = await load({ CHROMIUM_PATH: nowhere, MOBILEONE_REQUIRE: 'golden, chromium' })
    expect(() => lacking('chromium')).toThrow(
      expect.objectContaining({
        code: 'unavailable',
        message: `MOBILEONE_REQUIRE demands "chromium", but there is no ${nowhere}: tests in a real browser cannot run; apt-get install chromium, or set CHROMIUM_PATH`,
      }),
    )
  })

  it('is skipped where something else is required', async () => {
    const { lacking } = await load({ CHROMIUM_PATH: nowhere, MOBILEONE_REQUIRE: 'fashion-mnist' })
    expect(lacking('chromium')).toBe(true)
  })

  it('is told of Python by the packages it has not', async () => {
    const { lacking } = await load({ MOBILEONE_PYTHON: '/nowhere/python', MOBILEONE_REQUIRE: '' })
    expect([lacking('python'), lacking('torch')]).toEqual([true, true])
    expect(warn.mock.calls.join('\n')).toMatch(/because \/nowhere\/python does not run/)
  })

  it('may be known only after a try', async () => {
    const { reportLack } = await load({ MOBILEONE_REQUIRE: 'webgpu' })
    expect(() => reportLack('webgpu', 'Dawn found no adapter')).toThrow(/"webgpu", but Dawn found no adapter/)
  })
})

describe('what is there', () => {
  it('is not lacking, required or not', async () => {
    for (const required of ['', 'chromium']) {
      const { lacking } = await load({ CHROMIUM_PATH: process.execPath, MOBILEONE_REQUIRE: required })
      expect(lacking('chromium')).toBe(false)
      expect(lacking()).toBe(false)
    }
  })
})

it('an unknown name is an error', async () => {
  const { lacking } = await load({ CHROMIUM_PATH: process.execPath, MOBILEONE_REQUIRE: 'chrome' })
  expect(() => lacking('chromium')).toThrow(
    'MOBILEONE_REQUIRE names "chrome"; it takes golden, chromium, python, litert, torch, ray, fashion-mnist, webgpu, workerd, bun, deno, webai-runner, swift, firefox, webkit, current-node, registry, arm64-node',
  )
})
