// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import static dev.pillion.connections.sqlite.WriteEvents.Event.OTHER;
import static dev.pillion.connections.sqlite.WriteEvents.Event.OWN;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LookPaceTest {
  private final LookPace pace = new LookPace(TimeUnit.MILLISECONDS.toNanos(40));

  /** A look that finds nothing, and the watch armed when it may be. */
  private void look() {
    look(false);
  }

  private void look(boolean changed) {
    pace.looked(changed, false);
    if (pace.mayArm(changed)) {
      pace.armed();
    }
  }

  private void becomeQuiet() {
    for (int i = 0; i < 20; i++) {
      look();
    }
    assertThat(pace.isArmed()).isTrue();
    assertThat(pause()).isEqualTo(1000);
  }

  private long pause() {
    return TimeUnit.NANOSECONDS.toMillis(pace.pauseNanos());
  }

  @Test
  void whileNothingHappensThePausesGrowToASecond() {
    var pauses = new ArrayList<Long>();
    for (int i = 0; i < 13; i++) {
      pauses.add(pause());
      look();
    }
    assertThat(pauses)
        .isEqualTo(List.of(1L, 2L, 4L, 8L, 16L, 20L, 40L, 80L, 160L, 320L, 640L, 1000L, 1000L));
  }

  @Test
  void anEventBringsAQuickLookAndThenLooksUntilItsCommitIsSeen() {
    becomeQuiet();
    pace.told(OWN);
    assertThat(pace.isArmed()).isFalse();
    assertThat(pause()).isEqualTo(1);
    // The commit waits for its sync for a whole second.
    for (long waited = 0; waited < 1000; waited += pause()) {
      look();
      assertThat(pause()).isLessThanOrEqualTo(20);
    }
    look(true);
    for (int i = 0; i < 9; i++) {
      look();
    }
    assertThat(pause()).isGreaterThan(20);
  }

  @Test
  void aWriteThatIsNeverCommittedIsGivenUp() {
    becomeQuiet();
    pace.told(OWN);
    for (int i = 0; i < 120; i++) {
      look();
    }
    assertThat(pause()).isEqualTo(1000);
    assertThat(pace.isArmed()).isTrue();
  }

  @Test
  void aStreamOfCommitsIsLookedAtFiftyTimesASecondAndWakesNobody() {
    becomeQuiet();
    pace.told(OWN);
    for (int i = 0; i < 1000; i++) {
      look(true);
      assertThat(pace.isArmed()).isFalse();
    }
    assertThat(pause()).isEqualTo(20);
    look();
    assertThat(pace.isArmed()).isTrue();
  }

  @Test
  void theUsersIntervalIsTheLongestPauseInAStreamWhenItIsShorter() {
    var eager = new LookPace(TimeUnit.MILLISECONDS.toNanos(5));
    for (int i = 0; i < 10; i++) {
      eager.looked(true, false);
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
        look();
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
      look();
    }
    assertThat(count).isLessThan(10);
  }

  @Test
  void aCommitThatWasNotToldIsDoubtedUntilSomethingIsTold() {
    becomeQuiet();
    pace.looked(true, true);
    for (int i = 0; i < 30; i++) {
      assertThat(pause()).isLessThanOrEqualTo(20);
      look();
    }
    assertThat(pace.isUntold()).isFalse();
    pace.told(OWN);
    for (int i = 0; i < 200; i++) {
      look();
    }
    assertThat(pace.isUntold()).isFalse();
  }

  @Test
  void aCommitThatIsNotToldAtAllIsUntold() {
    becomeQuiet();
    pace.looked(true, true);
    int looks = 1;
    for (; !pace.isUntold(); looks++) {
      // Whether there are more or not.
      look(looks % 3 == 0);
    }
    assertThat(looks).isEqualTo(51);
  }

  @Test
  void aCommitThatWasWrittenBeforeTheWatchWasArmedIsNoReasonToDoubt() {
    becomeQuiet();
    look(true);
    assertThat(pause()).isEqualTo(1);
    for (int i = 0; i < 200; i++) {
      look();
    }
    assertThat(pace.isUntold()).isFalse();
  }
}
