/**
 * Names of what is written beside its place before it is renamed, which tell the process that writes it: where one was killed, a later
 * one removes what it left.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, readlink, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** A new name beside `path`: hidden, of its name, this machine and this process. */
export async function temporaryBeside(path: string): Promise<string> {
  const name = `${prefixOf(path)}${await machine()}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`
  return join(dirname(path), name)
}

/**
 * Remove what processes of this machine that have ended left beside `path`. What another machine, or a container of its own
 * processes, writes there stays: nothing here tells whether that lives.
 */
export async function removeStale(path: string): Promise<void> {
  const folder = dirname(path)
  const [prefix, here] = [prefixOf(path), await machine()]
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    if (!name.startsWith(prefix)) continue
    const [, where, id] = /^([0-9a-f]{16})-(\d+)-[0-9a-f]{12}\.tmp$/.exec(name.slice(prefix.length)) ?? []
    if (where !== here || isAlive(Number(id))) continue
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => {})
  }
}

function prefixOf(path: string): string {
  return `.${basename(path).slice(0, 100)}.`
}

/** False only where there is no process `id`. */
function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

let found: Promise<string> | undefined

/** What processes are numbered by: this start of this machine and, on Linux, the namespace of its processes. */
function machine(): Promise<string> {
  found ??= Promise.all([
    hostname(),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]).then((parts) => createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16))
  return found
}
