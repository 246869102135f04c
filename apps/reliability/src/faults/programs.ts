import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../paths.ts'

export const cli: string = join(root, 'packages/cli/dist/main.mjs')

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A program under way. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** Start Node, or `command` where one is named first, in `folder`; it ends with a cache of its own there. */
export function start(
  folder: string,
  args: readonly string[],
  {
    command = process.execPath,
    env = {},
  }: { readonly command?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Running {
  const child = spawn(command, args, {
    cwd: folder,
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      MOBILEONE_CACHE: join(folder, 'cache'),
      MOBILEONE_PACKAGES: join(root, 'packages/backend-tfjs'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (text) => (stdout += text))
  child.stderr?.on('data', (text) => (stderr += text))
  return {
    child,
    ended: new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    }),
  }
}

/** The one line of an error, of what a program wrote on standard error. */
export const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''
