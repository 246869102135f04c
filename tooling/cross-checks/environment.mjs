/** The Python environment of the cross-checks: made once, in the user's cache, under a name that follows from what is in it. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const pythonFolder = join(dirname(fileURLToPath(import.meta.url)), 'python')
const requirements = join(pythonFolder, 'requirements.txt')
const standIns = join(pythonFolder, 'cuda_stand_ins.py')

/** Where the environment lies, made or not. */
export function environmentFolder() {
  const hash = createHash('sha256').update(readFileSync(requirements)).update(readFileSync(standIns))
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  return join(cache, 'mobileone-cross-checks', hash.digest('hex').slice(0, 12))
}

/** The interpreter of the environment, undefined where it is not made. */
export function installedPython() {
  const folder = environmentFolder()
  return existsSync(join(folder, 'complete')) ? interpreter(folder) : undefined
}

/** Make the environment where it is missing. @returns the interpreter. @throws Error naming the step that failed. */
export function installPython(note) {
  const present = installedPython()
  if (present !== undefined) return present
  const folder = environmentFolder()
  const python = interpreter(folder)
  const run = (what, command, given) => {
    const started = Date.now()
    note(`${what} ...`)
    const { status, error } = spawnSync(command, given, { stdio: ['ignore', 2, 2] })
    if (status !== 0) throw new Error(`${what} failed: ${error?.message ?? `exit code ${status}`}`)
    note(`${what}: ${((Date.now() - started) / 1000).toFixed(0)} s`)
  }
  rmSync(folder, { recursive: true, force: true })
  run('make the environment', 'python3', ['-m', 'venv', folder])
  run('install PyTorch, timm and the rest (0.7 GB)', python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-compile',
    '--no-deps',
    '-r',
    requirements,
  ])
  if (process.platform === 'linux' && process.arch === 'x64')
    run("put stand-ins for CUDA's libraries", python, [standIns])
  run('import PyTorch', python, ['-W', 'ignore', '-c', 'import torch, torchvision, timm'])
  writeFileSync(join(folder, 'complete'), '')
  return python
}

function interpreter(folder) {
  return process.platform === 'win32' ? join(folder, 'Scripts/python.exe') : join(folder, 'bin/python')
}
