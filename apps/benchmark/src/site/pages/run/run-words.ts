import type { MeasureProgress } from '../../measure/measure-here.ts'
import { contenderTitle, networkTitle } from '../../names.ts'

/** What is being done, for people: the phases of the harness are for terminals. */
export function phaseText({
  phase,
  variant,
  done,
  total,
}: Pick<MeasureProgress, 'phase' | 'variant' | 'done' | 'total'>): string {
  const what = phase.startsWith(`${variant}: `) ? phase.slice(variant.length + 2) : phase
  const network = networkTitle(variant)
  if (what === 'reference') return `${network}: computing the right answer`
  if (what === 'run') return `${network}: round ${done + 1} of ${total ?? 1}`
  const [, verb = '', contender = '', threads] = /^(start|check) (\S+) ×(\d+) in /.exec(what) ?? []
  const who = `${contenderTitle(contender)}${threads === undefined || threads === '1' ? '' : `, ${threads} threads`}`
  if (verb === 'start') return `${network}: starting ${who}`
  if (verb === 'check') return `${network}: checking ${who}`
  return phase
}

/** `about 40 s left`, `about 3 min left`. */
export function leftText(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 5) return 'a few seconds left'
  if (seconds < 55) return `about ${Math.ceil(seconds / 5) * 5} s left`
  const minutes = Math.max(1, Math.round(seconds / 60))
  return minutes < 90 ? `about ${minutes} min left` : `about ${Math.round(minutes / 60)} h left`
}
