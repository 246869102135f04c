import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { exposeLogits } from '@mobileone/testkit/logits-page'
import { backends } from './page-backends.ts'

exposeLogits((bytes) => modelFromCheckpoint(readCheckpoint(bytes)), backends)
