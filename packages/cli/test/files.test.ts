import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toSafetensors } from '@mobileone/checkpoint'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeExported, writeFileAtomic } from '../src/files.ts'
import { temporaryBeside } from '../src/temporary.ts'
import { tiny } from './program.ts'

const bytes = new TextEncoder().encode('new')
const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: links of another user, which only root can make')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobileone-files-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (...names: readonly string[]): string => join(folder, ...names)
const text = (name: string): string => readFileSync(at(name), 'utf8')

describe.skipIf(process.platform === 'win32')('a file that is written', () => {
  it('keeps the permissions of the one it replaces, whatever the umask', async () => {
    for (const mode of [0o600, 0o640, 0o666]) {
      writeFileSync(at('old'), 'old')
      chmodSync(at('old'), mode)
      await writeFileAtomic(at('old'), bytes)
      expect([statSync(at('old')).mode & 0o777, text('old')]).toEqual([mode, 'new'])
    }
  })

  it('is written through a symbolic link, which stays one', async () => {
    mkdirSync(at('store'))
    writeFileSync(at('store', 'real'), 'old')
    symlinkSync(join('store', 'real'), at('link'))
    await writeFileAtomic(at('link'), bytes)
    expect([readlinkSync(at('link')), text('store/real')]).toEqual(['store/real', 'new'])
    expect(readdirSync(at('store'))).toEqual(['real'])
  })

  it('does not go where a link leads that ends in nothing', async () => {
    symlinkSync(at('nowhere'), at('link'))
    await expect(writeFileAtomic(at('link'), bytes)).rejects.toThrow(
      /link is a symbolic link to nothing, so it is not written; choose another path/,
    )
    expect(readdirSync(folder)).toEqual(['link'])
  })

  it.skipIf(!isRoot)('does not follow the link of another user', async () => {
    writeFileSync(at('mine'), 'old')
    symlinkSync(at('mine'), at('link'))
    execFileSync('chown', ['-h', '12345', at('link')])
    await expect(writeFileAtomic(at('link'), bytes)).rejects.toThrow(/a symbolic link of another user/)
    expect(text('mine')).toBe('old')
  })

  it('goes into a pipe, which stays one', async () => {
    execFileSync('mkfifo', [at('pipe')])
    const read = (async () => {
      let got = ''
      for await (const chunk of createReadStream(at('pipe'))) got += chunk
      return got
    })()
    await writeFileAtomic(at('pipe'), bytes)
    expect([await read, lstatSync(at('pipe')).isFIFO()]).toEqual(['new', true])
  })

  it('goes into a device, which stays one', async () => {
    await writeFileAtomic('/dev/null', bytes)
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
    await expect(writeFileAtomic('/dev/full', bytes)).rejects.toThrow(
      /^cannot write \/dev\/full: ENOSPC: no space left on device$/,
    )
    expect(lstatSync('/dev/full').isCharacterDevice()).toBe(true)
  })

  it('is not a folder', async () => {
    mkdirSync(at('here'))
    await expect(writeFileAtomic(at('here'), bytes)).rejects.toThrow(/here is a folder; name the file/)
  })

  it('does not appear once the work was aborted', async () => {
    const aborted = AbortSignal.abort()
    await expect(writeFileAtomic(at('never'), bytes, aborted)).rejects.toMatchObject({ code: 'aborted' })
    const soon = new AbortController()
    const writing = writeFileAtomic(at('never'), new Uint8Array(2 ** 25), soon.signal)
    setImmediate(() => soon.abort())
    await expect(writing).rejects.toMatchObject({ code: 'aborted' })
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a folder that is written', () => {
  const write = (...files: readonly string[]): ReturnType<typeof writeExported> =>
    writeExported(
      at('a.pack'),
      files.map((path) => ({ path: `a.pack/${path}`, bytes })) as unknown as Parameters<
        typeof writeExported
      >[1],
    )

  it('replaces one of the same files', async () => {
    await write('Manifest.json', 'Data/weights.bin')
    writeFileSync(at('a.pack/Manifest.json'), 'old')
    await write('Manifest.json', 'Data/weights.bin')
    expect(text('a.pack/Manifest.json')).toBe('new')
    expect(readdirSync(folder)).toEqual(['a.pack'])
  })

  it.each([
    [['Manifest.json', 'thesis.tex'], 'holds thesis.tex, which would be lost'],
    [['Manifest.json', 'Data/weights.bin', 'Data/notes/a.txt'], 'holds Data/notes, which would be lost'],
    [['Manifest.json'], 'is not a folder with Data/weights.bin in it'],
    [[], 'is not a folder with Manifest.json in it'],
  ])('does not replace one with %j', async (names, why) => {
    mkdirSync(at('a.pack/Data/notes'), { recursive: true })
    if (!names.some((name) => name.startsWith('Data/notes')))
      rmSync(at('a.pack/Data/notes'), { recursive: true })
    for (const name of names) writeFileSync(at('a.pack', name), 'mine')
    await expect(write('Manifest.json', 'Data/weights.bin')).rejects.toThrow(
      new RegExp(`a\\.pack exists and ${why}, so it is not replaced`),
    )
    for (const name of names) expect(text(join('a.pack', name))).toBe('mine')
  })

  it.skipIf(process.platform === 'win32')('keeps permissions and goes through a symbolic link', async () => {
    await write('Manifest.json')
    chmodSync(at('a.pack'), 0o700)
    chmodSync(at('a.pack/Manifest.json'), 0o600)
    mkdirSync(at('store'))
    execFileSync('mv', [at('a.pack'), at('store')])
    symlinkSync(join('store', 'a.pack'), at('a.pack'))
    writeFileSync(at('a.pack/Manifest.json'), 'old')
    await write('Manifest.json')
    expect(lstatSync(at('a.pack')).isSymbolicLink()).toBe(true)
    expect(text('store/a.pack/Manifest.json')).toBe('new')
    expect(
      [statSync(at('a.pack')).mode, statSync(at('a.pack/Manifest.json')).mode].map((mode) => mode & 0o777),
    ).toEqual([0o700, 0o600])
  })
})

describe('what a killed process left', () => {
  /** Names of temporaries of `place`: of a process that has ended, of this one, and of another machine. */
  async function temporaries(place: string): Promise<{ ended: string; alive: string; elsewhere: string }> {
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    const alive = basename(await temporaryBeside(at(place)))
    const ended = alive.replace(`-${process.pid}-`, `-${pid}-`)
    return { ended, alive, elsewhere: ended.replace(/[0-9a-f]{16}-/, `${'0'.repeat(16)}-`) }
  }

  it('beside a file is removed by the next that writes it, and nothing else is', async () => {
    const { ended, alive, elsewhere } = await temporaries('out')
    const other = (await temporaries('out.onnx')).ended
    const foreign = ended.replace('.tmp', '.txt')
    for (const name of [ended, alive, elsewhere, other, foreign]) writeFileSync(at(name), 'part')
    await writeFileAtomic(at('out'), bytes)
    expect(readdirSync(folder).sort()).toEqual([alive, elsewhere, other, foreign, 'out'].sort())
  })

  it('beside a folder is removed once the next is in its place', async () => {
    const { ended, alive } = await temporaries('a.pack')
    for (const name of [ended, alive]) mkdirSync(at(name, 'old/Data'), { recursive: true })
    const write = (path: string): Promise<unknown> =>
      writeExported(at('a.pack'), [{ path: `a.pack/${path}`, bytes }])
    mkdirSync(at('a.pack'))
    writeFileSync(at('a.pack/thesis.tex'), 'mine')
    await expect(write('Manifest.json')).rejects.toThrow('holds thesis.tex')
    expect(readdirSync(folder)).toContain(ended)
    await write('thesis.tex')
    expect(readdirSync(folder).sort()).toEqual([alive, 'a.pack'].sort())
  })
})

const main = fileURLToPath(new URL('../dist/main.mjs', import.meta.url))
const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0
if (!canMount) console.warn('SKIPPED: writing to a full disk, because unshare cannot mount a small one here')

describe('the program', () => {
  it.skipIf(!canMount).each(['full.mlpackage', 'full.mlpackage.zip', 'full.onnx', 'full.safetensors'])(
    'says in one line that the disk is full while it writes %s, and leaves nothing',
    (output) => {
      writeFileSync(at('tiny.safetensors'), toSafetensors(tiny))
      mkdirSync(at('disk'))
      // A file system of its own, for this process alone.
      const script = `mount -t tmpfs -o size=32k tmpfs disk && "$1" "$2" export tiny.safetensors -o disk/${output}; code=$?; ls -A disk; exit $code`
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        ['-rm', 'sh', '-c', script, 'sh', process.execPath, main],
        { cwd: folder, encoding: 'utf8' },
      )
      expect({ status, stdout, stderr }).toEqual({
        status: 1,
        stdout: '',
        stderr: `mobileone: cannot write disk/${output}: ENOSPC: no space left on device\n`,
      })
    },
  )

  it.skipIf(process.platform === 'win32').each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'at %s either exits with %i and writes nothing, or was done before',
    async (signal, interrupted) => {
      writeFileSync(at('tiny.safetensors'), toSafetensors(tiny))
      const run = (wait: number | undefined): Promise<number | null> => {
        rmSync(at('out.onnx'), { force: true })
        const args = [main, 'export', 'tiny.safetensors', '-o', 'out.onnx']
        const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' })
        if (wait !== undefined) setTimeout(() => child.kill(signal), wait)
        return new Promise((resolve) => child.on('close', resolve))
      }
      const start = performance.now()
      await run(undefined)
      const whole = performance.now() - start
      for (const share of [0.5, 0.75, 0.9]) {
        const code = await run(share * whole)
        // Before the program listens, and once Node tears down after it is done, the signal itself ends it.
        expect([code, existsSync(at('out.onnx'))]).toBeOneOf([
          [interrupted, false],
          [null, false],
          [null, true],
          [0, true],
        ])
        expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
      }
    },
  )
})
