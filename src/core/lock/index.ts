/** Changes of a lock, as pure functions; its form and its matching are in ../lock.ts. @module */
export { type ApprovalFault, approvalFault, createApprovalJudge } from './approval.ts'
export { diffLocks, type LockDiff, type LockDifference } from './diff.ts'
export { extendLock } from './extend.ts'
export { type Rotation, revokeRow, rotateLock } from './rotate.ts'
export { rowId } from './tuple.ts'
