/** The worker as a file of its own, for pages whose Content-Security-Policy forbids `blob:` workers. */
import { serve } from './chunk-scheduler.ts'

serve()
