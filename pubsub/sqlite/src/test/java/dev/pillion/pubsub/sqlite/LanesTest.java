// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.sqlite.Settlement.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;

class LanesTest {
  private final Lanes lanes = new Lanes();

  private static HeldMessage message(long id, String key, int fetches) {
    var event = new StoredEvent(id, key, null, new byte[0]);
    return new HeldMessage(null, null, new Claims.Claimed(event, key, 0, fetches), 7);
  }

  private HeldMessage add(long id, String key) {
    var message = message(id, key, 0);
    lanes.add(message);
    return message;
  }

  private List<Settlement> returned(HeldMessage message, Disposition disposition) {
    return lanes.returned(List.of(message), List.of(disposition));
  }

  private void written(List<Settlement> settlements) {
    settlements.forEach(settlement -> lanes.settled(settlement.message()));
  }

  @Test
  void ofALaneOneIsUnderWay() {
    var first = add(1, "k");
    var second = add(2, "k");
    var other = add(3, null);
    assertThat(lanes.take(1)).containsExactly(first);
    assertThat(lanes.take(1)).containsExactly(other);
    assertThat(lanes.take(1)).isEmpty();
    written(returned(first, Disposition.ACKNOWLEDGE));
    assertThat(lanes.take(1)).containsExactly(second);
    assertThat(lanes.held()).isEqualTo(2);
  }

  @Test
  void whatComesForALaneThatIsBeingGivenBackIsGivenBackWithIt() {
    var first = add(1, "k");
    add(2, "k");
    lanes.take(1);
    var settlements = returned(first, Disposition.REDELIVER);
    assertThat(settlements).containsExactly(new Settlement(first, Outcome.FAILED));
    // Claimed while the failure was not written yet.
    add(3, "k");
    assertThat(lanes.take(1)).isEmpty();
    assertThat(lanes.held()).isEqualTo(1);
    written(settlements);
    assertThat(lanes.held()).isZero();
    var again = add(1, "k");
    assertThat(lanes.take(1)).containsExactly(again);
  }

  @Test
  void beforeOneThatWasFetchedBeforeBeginsWhatWasReturnedIsWritten() {
    var first = add(1, null);
    lanes.take(1);
    var settlements = returned(first, Disposition.ACKNOWLEDGE);
    var suspect = message(2, null, 1);
    lanes.add(suspect);
    add(3, null);
    assertThat(lanes.startableLanes()).isZero();
    assertThat(lanes.take(1)).isEmpty();
    written(settlements);
    assertThat(lanes.take(1)).containsExactly(suspect);
  }

  @Test
  void droppedWhileOneOfItsLaneIsUnderWayItDoesNotHoldUpItsSuccess() {
    var first = add(1, "k");
    var second = add(2, "k");
    add(3, "k");
    lanes.take(1);
    var dropped = lanes.drop();
    assertThat(dropped).containsExactly(new Settlement(second, Outcome.UNTOUCHED));
    var done = returned(first, Disposition.ACKNOWLEDGE);
    assertThat(done).containsExactly(new Settlement(first, Outcome.DONE));
    written(dropped);
    written(done);
    assertThat(lanes.held()).isZero();
  }

  @Test
  void whatWasLostAndComesAgainWaitsForItsHandlerAndGoesWithItsSuccess() {
    var first = add(1, null);
    lanes.take(1);
    assertThat(lanes.lose()).containsExactly(first);
    assertThat(first.isRevoked()).isTrue();
    add(1, null);
    assertThat(lanes.take(1)).isEmpty();
    written(returned(first, Disposition.ACKNOWLEDGE));
    assertThat(lanes.take(1)).isEmpty();
    assertThat(lanes.held()).isZero();
  }

  @Test
  void whatWasLostAndFailedIsNotWrittenAndMayBeginAgain() {
    var first = add(1, "k");
    lanes.take(1);
    lanes.lose();
    var again = add(1, "k");
    assertThat(returned(first, Disposition.RELEASE)).isEmpty();
    assertThat(lanes.take(1)).containsExactly(again);
    assertThat(lanes.held()).isEqualTo(1);
  }
}
