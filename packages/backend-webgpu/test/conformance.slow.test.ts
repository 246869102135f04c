import { describeConformanceInNode, longCases } from './node-conformance.ts'

describeConformanceInNode(longCases)
