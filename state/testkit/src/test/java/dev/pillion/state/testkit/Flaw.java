// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import java.util.Set;

/** What a store, or a door to it, can get wrong, and the tests that are there to find it. */
enum Flaw {
  NONE,

  MISSING_KEYS_READ_AS_NO_BYTES("Values.aMissingKeyReadsAsEmpty"),
  STRONG_READS_FIND_NOTHING("Values.aSavedValueIsFoundByEveryVerb"),
  THE_FIRST_VALUE_STAYS("Values.aLaterSaveReplacesTheValue"),
  DELETE_DOES_NOTHING("Values.aDeletedValueIsGone"),
  DELETED_KEYS_STAY_DELETED("Values.aDeletedKeyCanBeSavedAgain"),
  DELETE_OF_MISSING_FAILS("Values.deletingAMissingKeyIsFine", "Bulk.aKeyDeletedTwiceIsGone"),
  EMPTY_VALUE_IS_NO_VALUE(
      "Values.everyValueComesBackAsItWas", "Transactions.oddValuesComeBackAsTheyWere"),
  VALUES_PASS_THROUGH_UTF_8("Values.everyValueComesBackAsItWas"),
  JSON_IS_PRINTED_ANEW("Values.everyValueComesBackAsItWas"),
  MARKED_JSON_LOSES_DIGITS("Values.aValueMarkedAsJsonComesBackAsEqualJson"),
  KEYS_IGNORE_CASE("Values.everyKeyIsItsOwn"),
  KEYS_ARE_TRIMMED("Values.everyKeyIsItsOwn", "Values.everyKeyServesInBulk"),
  KEYS_ARE_NORMALISED("Values.everyKeyIsItsOwn", "Values.everyKeyServesInATransaction"),
  KEYS_ARE_CUT_AT_999("Values.everyKeyIsItsOwn"),
  DELETE_TREATS_UNDERSCORE_AS_A_WILDCARD("Values.everyKeyIsItsOwn"),

  SAVE_IGNORES_ETAG_OF_MISSING(
      "Conflicts.everyCellOfTheMatrix",
      "Conflicts.everyCellOverAnExpiredValue",
      "Etags.anEtagServesOneDelete"),
  DELETE_IGNORES_ETAG_OF_MISSING(
      "Conflicts.everyCellOfTheMatrix", "Conflicts.everyCellOverAnExpiredValue"),
  DELETE_IGNORES_ETAG(
      "Conflicts.everyCellOfTheMatrix",
      "Etags.anEtagServesOneSave",
      "Etags.theEtagOfAnotherKeyDoesNotServe",
      "Etags.theFailureHasDaprsCode",
      "Model.randomOperationsMatchAMap"),
  ETAG_MATCHES_EXPIRED("Conflicts.everyCellOverAnExpiredValue"),
  FIRST_WRITE_OVERWRITES(
      "Conflicts.everyCellOfTheMatrix",
      "Etags.afterADeleteFirstWriteIsFreeAgain",
      "Bulk.aFailureAmongAThousandIsNamed",
      "Concurrency.oneOfManyTransactionsWithOneFirstWriteWins"),
  FIRST_WRITE_SEES_EXPIRED(
      "Conflicts.everyCellOverAnExpiredValue",
      "TimeToLive.anExpiredKeyStartsAfresh",
      "Concurrency.oneOfManyFirstWritesOverAnExpiredValueWins"),
  LAST_WRITE_REFUSED_AFTER_FIRST_WRITE("Conflicts.everyCellOfTheMatrix"),
  CONDITION_CHECKED_APART_FROM_THE_WRITE(
      "Concurrency.noIncrementByEtagIsLost",
      "Concurrency.oneOfManyFirstWritesWins",
      "Concurrency.oneOfManySavesWithOneEtagWins",
      "Concurrency.oneOfManyDeletesWithOneEtagWins",
      "Concurrency.saveOrDeleteWithOneEtagWinsButNotBoth"),
  VALUES_ARE_WRITTEN_IN_PIECES("Concurrency.aReaderNeverSeesHalfAValue"),
  ETAG_IS_A_HASH_OF_THE_VALUE(
      "Etags.everySaveGivesAnotherEtagEvenToEqualBytes",
      "Etags.everyTransactionGivesAnotherEtag",
      "Model.randomOperationsMatchAMap"),
  ETAG_DIFFERS_IN_BULK_READ(
      "Etags.readingDoesNotChangeTheEtag", "Bulk.aReadEntryIsTheSameAsBySingleRead"),
  ETAG_COMPARED_AS_PREFIX("Etags.anEtagWithSomethingAddedIsRefused"),
  MALFORMED_ETAG_IS_NO_ETAG(
      "Conflicts.everyCellOfTheMatrix", "Etags.anEtagThatNoStoreIssuedIsRefused"),
  REFUSED_SAVE_CHANGES_THE_ETAG("Etags.aRefusedWriteLeavesTheEtagValid"),

  PLAIN_SAVE_KEEPS_TIME_TO_LIVE(
      "TimeToLive.afterTheTimeToLive", "TimeToLive.aValueWithoutTimeToLiveTellsNone"),
  PLAIN_SAVE_IN_TRANSACTION_KEEPS_TIME_TO_LIVE(
      "TimeToLive.afterTheTimeToLiveInATransaction", "Transactions.theMomentOfExpiryIsPartOfIt"),
  TRANSACTION_DROPS_TIME_TO_LIVE("TimeToLive.afterTheTimeToLiveInATransaction"),
  REFUSED_SAVE_CHANGES_TIME_TO_LIVE("TimeToLive.afterTheTimeToLive"),
  EXPIRED_VALUES_IN_BULK_READ("TimeToLive.afterTheTimeToLive"),
  EXPIRY_TOLD_IN_ANOTHER_TIME_ZONE("TimeToLive.theMomentOfExpiryIsTold"),
  EXPIRY_OF_AN_EARLIER_SAVE_TOLD("TimeToLive.theMomentOfExpiryFollowsTheLastSave"),

  HALF_A_TRANSACTION(
      "Conflicts.everyCellOfTheMatrix",
      "Transactions.oneFailingConditionLeavesNothingChanged",
      "Transactions.fiveHundredChangesAreAllRefusedForTheLast",
      "Model.randomOperationsMatchAMap"),
  TRANSACTION_CHECKS_ONLY_THE_FIRST("Transactions.oneFailingConditionLeavesNothingChanged"),
  TRANSACTION_SKIPS_DELETES("Transactions.allChangesAreApplied"),
  TRANSACTION_STOPS_AT_499("Transactions.fiveHundredChangesAreApplied"),
  TRANSACTION_WRITES_NO_ETAG("Transactions.whatItWroteCarriesOn"),
  TRANSACTIONS_INTERLEAVE(
      "Concurrency.transactionsDoNotInterleave",
      "Concurrency.transactionsInOppositeOrdersDoNotInterleave",
      "Concurrency.conditionalTransactionsKeepASum"),
  TRANSACTION_TAKES_THE_FIRST_CHANGE_OF_A_KEY(
      "Transactions.theLaterChangeOfOneKeyWins",
      "Transactions.aConditionOnTheFirstChangeOfOneKeyCounts"),
  TRANSACTION_FAILS_WITHOUT_NAMING_THE_KEY(
      "Transactions.theCauseNamesTheFirstChangeWhoseConditionFailed"),

  BULK_TAKES_THE_FIRST_CHANGE_OF_A_KEY("Bulk.theLaterChangeOfOneKeyWins"),
  BULK_STOPS_AT_THE_FIRST_FAILURE(
      "Conflicts.everyCellOfTheMatrix",
      "Bulk.exactlyTheFailedChangesAreNamedAndTheOthersApplied",
      "Bulk.allMayFail"),
  BULK_NAMES_THE_WRONG_CHANGE("Bulk.exactlyTheFailedChangesAreNamedAndTheOthersApplied"),
  BULK_HIDES_FAILURES("Bulk.oneChangeAloneFailsAsABulkCallToo"),
  BULK_READ_STOPS_AT_999("Bulk.anyNumberOfKeys"),
  RETURNS_ITS_OWN_ARRAY("Aliasing.changingAResultChangesNothing"),
  BULK_READ_RETURNS_ITS_OWN_ARRAY("Aliasing.changingABulkResultChangesNothing"),

  DOOR_TAKES_WHAT_IT_SHOULD_REFUSE(
      "Values.aKeyThatIsEmptyOrContainsTheSeparatorIsRefused",
      "Values.aTypeOrOptionsInPlaceOfAValueIsRefused"),
  DOOR_READS_IN_ANOTHER_ORDER(
      "Bulk.readsComeInTheOrderOfTheRequestWithoutTheMissing", "Bulk.aKeyAskedForTwiceIsReadOnce"),
  DOOR_REFUSES_EMPTY_CALLS("Bulk.emptyCallsAreFine", "Transactions.noChangeIsNothingToDo"),
  DOOR_SENDS_AFTER_THE_WRITER_THREW(
      "Bulk.aWriterThatThrowsSendsNothing", "Transactions.aWriterThatThrowsSendsNothing"),
  DOOR_UNWRAPS_A_SINGLE_BULK_FAILURE("Bulk.oneChangeAloneFailsAsABulkCallToo"),
  DOOR_KEEPS_THE_CALLERS_ARRAY(
      "Aliasing.changingASavedArrayChangesNothing",
      "Aliasing.changingAnArraySavedInBulkChangesNothing",
      "Aliasing.changingAnArraySavedInATransactionChangesNothing",
      "Aliasing.twoKeysSavedWithOneArrayAreApart");

  private final Set<String> foundBy;

  Flaw(String... foundBy) {
    this.foundBy = Set.of(foundBy);
  }

  /** Topic and name of the tests that must fail; others may. */
  Set<String> foundBy() {
    return foundBy;
  }
}
