// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.ComponentException;
import dev.pillion.TypeRef;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.engine.FakeBroker.Held;
import dev.pillion.pubsub.spi.Disposition;
import dev.pillion.pubsub.spi.Message;
import dev.pillion.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The dead letters of a batch. */
class DeadLettersTest {
  private static final Message LOST = new Held("{\"id\":\"lost\"}");
  private static final Message GONE = new Held("{\"id\":\"gone\"}");
  private static final Message DROPPED = new Held("{\"id\":\"drop\"}");
  private static final Message UNWANTED = new Held("{\"id\":\"drop\",\"n\":2}");

  private final FakeBroker broker = new FakeBroker();

  @BeforeEach
  void subscribe() {
    var engine = TestEngine.on(broker, new ManualTime(), 1, Duration.ZERO);
    engine.subscribeBulk(
        "bus",
        "orders",
        TypeRef.of(byte[].class),
        SubscribeOptions.defaults().deadLetterTopic("dead"),
        entries -> entries.stream()
            .map(entry ->
                entry.event().id().equals("drop") ? DeliveryResult.DROP : DeliveryResult.RETRY)
            .toList());
  }

  private List<Disposition> deliver(Message... messages) {
    return Objects.requireNonNull(broker.receivers.get("orders shop"))
        .receiveAll(List.of(messages));
  }

  /** One after the other each could take its time while the broker is away. */
  @Test
  void whatFailedGoesTogetherAndSoDoesWhatWasDropped() {
    assertThat(deliver(LOST, DROPPED, GONE, UNWANTED)).containsOnly(Disposition.ACKNOWLEDGE);
    assertThat(broker.together).containsExactly(2, 2);
    assertThat(broker.published)
        .allMatch(message -> message.topic().equals("dead"))
        .hasSize(4);
  }

  @Test
  void oneThatIsNotTakenComesAgainAlone() {
    broker.refusal = ComponentException.failed("as the test wants it", null);
    broker.refused.add("{\"id\":\"gone\"}");
    assertThat(deliver(LOST, DROPPED, GONE, UNWANTED))
        .containsExactly(
            Disposition.ACKNOWLEDGE,
            Disposition.ACKNOWLEDGE,
            Disposition.REDELIVER,
            Disposition.ACKNOWLEDGE);
    assertThat(broker.published).hasSize(3);
  }

  /** Such as for a partition that the dead letter topic does not have. */
  @Test
  void oneThatAsksForWhatCannotBeIsNotTheOthersFailure() {
    broker.refusal = new IllegalArgumentException("there is no partition 7");
    broker.refused.add("{\"id\":\"lost\"}");
    assertThat(deliver(LOST, GONE)).containsExactly(Disposition.REDELIVER, Disposition.ACKNOWLEDGE);
    assertThat(broker.published.stream().map(FakeBroker::text))
        .containsExactly("{\"id\":\"gone\"}");
  }
}
