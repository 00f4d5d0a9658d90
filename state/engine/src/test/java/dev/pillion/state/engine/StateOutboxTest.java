// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.pillion.ComponentException;
import dev.pillion.TransactionException;
import dev.pillion.call.CallChain;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateStore;
import dev.pillion.state.spi.StateChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a store's transactions hand to their outbox, and what the store itself is given. */
class StateOutboxTest {
  private static final SaveOptions PROJECTION =
      SaveOptions.defaults().metadata("outbox.projection", "true");

  private final ScriptedStore component = new ScriptedStore();
  private final StateEngine engine =
      new StateEngine("orders", "", new TestJson(), CallChain.of(List.of()));
  private final List<StateOutbox.Event> events = new ArrayList<>();
  private final StateStore store =
      engine.store("st", component, ComponentMetadata.of(Map.of()), events::add);

  private static String text(byte[] bytes) {
    return new String(bytes, UTF_8);
  }

  private List<String> keys() {
    return component.given.stream().map(StateChange::key).toList();
  }

  @Test
  void eachSaveHasAnEventAndAMarkerAndADeleteHasNone() {
    store.transaction(tx -> tx.save("a", Map.of("n", 1))
        .delete("b")
        .save("c", "x".getBytes(UTF_8), SaveOptions.defaults().metadata("m", "v")));
    assertThat(events).extracting(event -> text(event.data())).containsExactly("{\"n\":1}", "x");
    assertThat(events)
        .extracting(StateOutbox.Event::contentType)
        .containsExactly("application/json", "");
    assertThat(events.get(1).metadata()).isEqualTo(Map.of("m", "v"));
    assertThat(keys())
        .containsExactly(
            "orders||a",
            "orders||b",
            "orders||c",
            events.get(0).marker(),
            events.get(1).marker());
    assertThat(events.get(0).marker()).matches("outbox-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    var marker = (StateChange.Put) component.given.get(3);
    assertThat(text(marker.value().bytes())).isEqualTo("\"0\"");
    assertThat(marker.value().isJson()).isTrue();
    assertThat(marker.metadata()).isEmpty();
  }

  @Test
  void eventsArePublishedBeforeAnythingIsSent() {
    var seen = new ArrayList<Integer>();
    engine
        .store(
            "st",
            component,
            ComponentMetadata.of(Map.of()),
            event -> seen.add(component.given.size()))
        .transaction(tx -> tx.save("a", 1).save("b", 2));
    assertThat(seen).containsExactly(0, 0);
  }

  @Test
  void aProjectionIsPublishedInPlaceOfTheValueAndNotStored() {
    store.transaction(tx -> tx.save("a", Map.of("secret", 1))
        .save("a", "shown".getBytes(UTF_8), PROJECTION.contentType("text/x"))
        .save("b", 2)
        .save("b", 3, PROJECTION)
        .save("nobody", 4, PROJECTION));
    assertThat(events).extracting(event -> text(event.data())).containsExactly("shown", "3");
    assertThat(events.get(0).contentType()).isEqualTo("text/x");
    assertThat(events.get(0).metadata())
        .as("attributes are those of what is stored")
        .isEmpty();
    assertThat(keys())
        .filteredOn(key -> key.startsWith("orders"))
        .containsExactly("orders||a", "orders||b");
  }

  @Test
  void aValueOfFalseIsNoProjection() {
    store.transaction(
        tx -> tx.save("a", 1, SaveOptions.defaults().metadata("outbox.projection", "no")));
    assertThat(keys()).contains("orders||a");
  }

  @Test
  void singleAndBulkCallsPublishNothing() {
    store.save("a", 1);
    store.bulk(changes -> changes.save("b", 1));
    assertThat(events).isEmpty();
    assertThat(keys()).containsExactly("orders||a", "orders||b");
  }

  @Test
  void withoutAPublishedEventNothingIsSent() {
    var refusing = engine.store("st", component, ComponentMetadata.of(Map.of()), event -> {
      throw ComponentException.unavailable("the broker is away", null);
    });
    assertThatExceptionOfType(TransactionException.class)
        .isThrownBy(() -> refusing.transaction(tx -> tx.save("a", 1)))
        .withMessage("error while publishing outbox message: the broker is away")
        .satisfies(e -> assertThat(e.errorCode()).isEqualTo("ERR_PUBLISH_OUTBOX"))
        .as("a transient cause would mean that all may have been applied")
        .withNoCause();
    assertThat(component.given).isEmpty();
  }

  @Test
  void markersCountAgainstTheStoresLimit() {
    component.maxTransactionSize = 3;
    assertThatExceptionOfType(TransactionException.class)
        .isThrownBy(() -> store.transaction(tx -> tx.save("a", 1).save("b", 1)))
        .withMessageContaining("contains 4 operations");
    assertThat(events).isEmpty();
  }

  @Test
  void anEncryptedValueIsPublishedEncrypted() {
    var metadata = ComponentMetadata.of(
        Map.of("primaryEncryptionKey", "00112233445566778899aabbccddeeff"),
        Map.of("primaryEncryptionKey", "key-1"));
    engine.store("st", component, metadata, events::add).transaction(tx -> tx.save("a", "canary"));
    assertThat(text(events.get(0).data())).endsWith("||key-1").doesNotContain("canary");
    assertThat(events.get(0).contentType()).isEmpty();
    assertThat(text(component.stored.get(events.get(0).marker()))).isEqualTo("\"0\"");
  }

  @Test
  void markersAreReadAndDeletedWithoutAPrefix() {
    component.stored.put("outbox-1", "\"0\"".getBytes(UTF_8));
    var markers = engine.markers("st", component);
    assertThat(markers.isThere("outbox-1")).isTrue();
    assertThat(markers.isThere("outbox-2")).isFalse();
    markers.delete("outbox-1");
    assertThat(markers.isThere("outbox-1")).isFalse();
  }

  @Test
  void theSettingsAreDaprs() {
    assertThat(engine.outbox(ComponentMetadata.of(Map.of()))).isEmpty();
    assertThat(engine.outbox(ComponentMetadata.of(
            Map.of("outboxPublishPubsub", "bus", "outboxPublishTopic", "news"))))
        .contains(new OutboxSettings("bus", "news", "bus", false));
    assertThat(engine.outbox(ComponentMetadata.of(Map.of(
            "outboxPublishPubsub", "bus",
            "outboxPublishTopic", "news",
            "outboxPubsub", "inner",
            "outboxDiscardWhenMissingState", "yes"))))
        .contains(new OutboxSettings("bus", "news", "inner", true));
  }

  @Test
  void halfAnOutboxIsAProblem() {
    var pubsubOnly = ComponentMetadata.of(Map.of("outboxPublishPubsub", "bus"));
    engine.check("st", pubsubOnly);
    assertThat(pubsubOnly.problems())
        .singleElement()
        .asString()
        .contains("\"outboxPublishPubsub\" needs \"outboxPublishTopic\"");
    var neither = ComponentMetadata.of(Map.of("outboxPubsub", "bus"));
    engine.check("st", neither);
    assertThat(neither.problems()).singleElement().asString().contains("an outbox needs");
  }
}
