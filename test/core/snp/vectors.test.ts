/** Every vector under attestation-fixtures/snp: its verdict, and for a bad one the code of the first failure. */
import { describeVectors } from '../../kit/vectors.ts'
import { fixtureNames, judgeFixture, readFixture } from './fixture.ts'

describeVectors('attestation-fixtures/snp', {
  fixtures: fixtureNames().map(readFixture),
  least: 150,
  judge: (fixture) => judgeFixture(fixture),
})
