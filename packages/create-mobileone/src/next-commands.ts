import { relative } from 'node:path'
import { type AgentName, getUserAgent, resolveCommand } from 'package-manager-detector'

/** What to type next, for the package manager that ran this, or npm. */
export function nextCommands(
  folder: string,
  manager: AgentName = getUserAgent() ?? 'npm',
): readonly string[] {
  const path = relative(process.cwd(), folder)
  const commands = [resolveCommand(manager, 'install', []), resolveCommand(manager, 'run', ['dev'])]
  return [
    ...(path ? [`cd ${/^[\w./@-]+$/.test(path) ? path : JSON.stringify(path)}`] : []),
    ...commands.flatMap((found) => (found ? [[found.command, ...found.args].join(' ')] : [])),
  ]
}
