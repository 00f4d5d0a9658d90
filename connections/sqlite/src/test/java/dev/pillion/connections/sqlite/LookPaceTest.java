// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import static dev.pillion.connections.sqlite.WriteEvents.Event.OTHER;
import static dev.pillion.connections.sqlite.WriteEvents.Event.OWN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.connections.sqlite.LookPace.Look;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LookPaceTest {
  private static final Look NOTHING = new Look(false, false, false);
  private static final Look PENDING = new Look(false, true, false);
  private static final Look COMMIT = new Look(true, false, false);
  private static final Look UNTOLD = new Look(true, false, true);

  private final LookPace pace = new LookPace(TimeUnit.MILLISECONDS.toNanos(40));

  /** A look, and the watch armed when it may be. */
  private void look(Look look) {
    pace.looked(look);
    if (pace.mayArm(look.changed())) {
      pace.armed();
    }
  }

  private void becomeQuiet() {
    for (int i = 0; i < 20; i++) {
      look(NOTHING);
    }
    assertThat(pace.isArmed()).isTrue();
    assertThat(pause()).isEqualTo(1000);
  }

  private long pause() {
    return TimeUnit.NANOSECONDS.toMillis(pace.pauseNanos());
  }

  private List<Long> pauses(Look look, int count) {
    var pauses = new ArrayList<Long>();
    for (int i = 0; i < count; i++) {
      pauses.add(TimeUnit.NANOSECONDS.toMicros(pace.pauseNanos()));
      look(look);
    }
    return pauses;
  }

  @Test
  void whileNothingHappensThePausesGrowToASecond() {
    assertThat(pauses(NOTHING, 7))
        .isEqualTo(List.of(500L, 4_000L, 20_000L, 160_000L, 1_000_000L, 1_000_000L, 1_000_000L));
  }

  @Test
  void anEventBringsAQuickLookAndThenLooksUntilItsCommitIsSeen() {
    becomeQuiet();
    pace.told(OWN);
    assertThat(pace.isArmed()).isFalse();
    // It waits for its sync for more than a second.
    var pauses = pauses(PENDING, 60);
    assertThat(pauses.subList(0, 8))
        .isEqualTo(List.of(500L, 1_000L, 2_000L, 4_000L, 8_000L, 16_000L, 20_000L, 20_000L));
    assertThat(pauses.get(59)).isEqualTo(20_000);
    look(COMMIT);
    assertThat(pauses(NOTHING, 3)).isEqualTo(List.of(20_000L, 160_000L, 1_000_000L));
  }

  @Test
  void aWriteThatIsNeverCommittedIsGivenUp() {
    becomeQuiet();
    pace.told(OWN);
    assertThat(pauses(PENDING, 120).get(119)).isEqualTo(1_000_000);
    assertThat(pace.isArmed()).isTrue();
    pace.told(OWN);
    assertThat(pauses(PENDING, 20).get(19)).isEqualTo(20_000);
  }

  @Test
  void aStreamOfCommitsIsLookedAtFiftyTimesASecondAndWakesNobody() {
    becomeQuiet();
    pace.told(OWN);
    for (int i = 0; i < 1000; i++) {
      look(COMMIT);
      assertThat(pace.isArmed()).isFalse();
    }
    assertThat(pause()).isEqualTo(20);
    look(NOTHING);
    assertThat(pace.isArmed()).isTrue();
  }

  @Test
  void theUsersIntervalIsTheLongestPauseInAStreamWhenItIsShorter() {
    var eager = new LookPace(TimeUnit.MILLISECONDS.toNanos(5));
    for (int i = 0; i < 10; i++) {
      eager.looked(COMMIT);
    }
    assertThat(eager.pauseNanos()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(5));
  }

  @Test
  void writesToOtherFilesEndTheWatchForLongerEachTimeAndLookingGoesOn() {
    becomeQuiet();
    var looks = new ArrayList<Integer>();
    for (int event = 0; event < 8; event++) {
      pace.told(OTHER);
      int count = 0;
      while (!pace.isArmed()) {
        assertThat(pause()).isLessThanOrEqualTo(20);
        look(NOTHING);
        count++;
      }
      looks.add(count);
    }
    assertThat(looks).isEqualTo(List.of(2, 4, 8, 16, 32, 51, 51, 51));
    // Once there is one of its own, it is to be told soon again.
    pace.told(OWN);
    pace.told(OTHER);
    int count = 0;
    for (; !pace.isArmed(); count++) {
      look(NOTHING);
    }
    assertThat(count).isLessThan(10);
  }

  @Test
  void aWriteToAnotherFileNowAndThenCostsFewLooks() {
    becomeQuiet();
    for (int second = 0; second < 100; second++) {
      pace.told(OTHER);
      int looks = 0;
      for (long waited = 0; waited < 1000; waited += pause()) {
        look(NOTHING);
        looks++;
      }
      assertThat(looks).isLessThan(10);
    }
  }

  @Test
  void aCommitThatWasNotToldIsDoubtedUntilSomethingIsTold() {
    becomeQuiet();
    look(UNTOLD);
    for (int i = 0; i < 30; i++) {
      assertThat(pause()).isLessThanOrEqualTo(20);
      look(NOTHING);
    }
    assertThat(pace.isUntold()).isFalse();
    pace.told(OWN);
    for (int i = 0; i < 200; i++) {
      look(NOTHING);
    }
    assertThat(pace.isUntold()).isFalse();
  }

  @Test
  void aCommitThatIsNotToldAtAllIsUntold() {
    becomeQuiet();
    look(UNTOLD);
    int looks = 1;
    for (; !pace.isUntold(); looks++) {
      // Whether there are more or not.
      look(looks % 3 == 0 ? COMMIT : NOTHING);
    }
    assertThat(looks).isEqualTo(51);
  }

  @Test
  void aCommitThatWasWrittenBeforeTheWatchWasArmedIsNoReasonToDoubt() {
    becomeQuiet();
    look(COMMIT);
    assertThat(pause()).isZero();
    for (int i = 0; i < 200; i++) {
      look(NOTHING);
    }
    assertThat(pace.isUntold()).isFalse();
  }
}
