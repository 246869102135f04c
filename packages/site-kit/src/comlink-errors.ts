import { isMobileOneError, MobileOneError } from '@mobileone/core'
import { type TransferHandler, transferHandlers } from 'comlink'

interface Sent {
  readonly isError: boolean
  readonly value: unknown
  readonly code?: MobileOneError['code']
}

/**
 * Comlink sends the name and the message of an error alone. Import this on both sides of a worker for errors of the project to keep
 * their code.
 */
const plain = transferHandlers.get('throw') as TransferHandler<{ readonly value: unknown }, Sent>
transferHandlers.set('throw', {
  canHandle: plain.canHandle,
  serialize(thrown) {
    const [sent, transferred] = plain.serialize(thrown)
    const { value } = thrown
    return [isMobileOneError(value) ? { ...sent, code: value.code } : sent, transferred]
  },
  deserialize(sent) {
    if (sent.code) throw new MobileOneError(sent.code, (sent.value as Error).message)
    return plain.deserialize(sent)
  },
} satisfies TransferHandler<{ readonly value: unknown }, Sent>)
