import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import type { Exporter } from '@mobileone/core'
import { expect, it } from 'vitest'
import { type Command, runCommand } from '../src/command.ts'
import { exportCommand } from '../src/commands/export.ts'
import { abortOnInterrupt } from '../src/session.ts'
import { tiny } from './program.ts'

it('a signal that comes while an exporter is busy is heard before anything is written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-interrupt-'))
  try {
    writeFileSync(join(folder, 'tiny.safetensors'), toSafetensors(tiny))
    let isMade = false
    const busy: Exporter = {
      specVersion: 1,
      format: 'busy',
      endings: ['.busy'],
      description: 'takes its time',
      options: {},
      export(_, __, fileName = '') {
        // As Node delivers a signal: when the event loop turns.
        setTimeout(() => process.emit('SIGINT'), 0)
        const start = performance.now()
        while (performance.now() - start < 50);
        isMade = true
        return [{ path: fileName, bytes: new Uint8Array(4) }]
      },
    }
    abortOnInterrupt()
    const command = exportCommand({ busy: async () => busy }) as unknown as Command
    const output = join(folder, 'out.busy')
    const args = [join(folder, 'tiny.safetensors'), '-o', output]
    await expect(runCommand(command, args, () => {})).rejects.toMatchObject({
      code: 'aborted',
      name: 'AbortError',
      message: expect.stringContaining('the export was aborted'),
    })
    expect([isMade, existsSync(output), readdirSync(folder)]).toEqual([true, false, ['tiny.safetensors']])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
