import { describeBitsInChromium, describePlainBits } from './int8-bits.ts'

describePlainBits(2)
describeBitsInChromium(2)
