// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.spi.OutgoingMessage;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class KafkaPubSubSettingsTest {
  private static ComponentSpec spec(Map<String, String> settings) {
    var all = new HashMap<>(Map.of("brokers", "b:9092", "authType", "none"));
    all.putAll(settings);
    return ComponentSpec.of("bus", "pubsub.kafka", all);
  }

  private static List<String> problems(Map<String, String> settings) {
    var spec = spec(settings);
    new KafkaPubSub.Provider().create(spec);
    return spec.metadata().problems();
  }

  private static Redelivery redelivery(Map<String, String> settings) {
    var metadata = ComponentMetadata.of(settings);
    var redelivery = Redelivery.read(metadata);
    assertThat(metadata.problems()).isEmpty();
    return redelivery;
  }

  private static Duration pause(Redelivery redelivery, int failures, double random) {
    return redelivery.pause(failures, () -> random);
  }

  @Test
  void theTypeIsFoundByItsName() {
    assertThat(ServiceLoader.load(ComponentProvider.class).stream()
            .map(found -> found.get().type()))
        .contains("pubsub.kafka");
    assertThat(KafkaPubSub.at("b:9092").type()).isEqualTo("pubsub.kafka");
  }

  @Test
  void theGroupIsAComponentsOwnOnlyByItsOwnSetting() {
    var named = (KafkaPubSub) new KafkaPubSub.Provider().create(spec(Map.of("consumerGroup", "g")));
    var byId = (KafkaPubSub) new KafkaPubSub.Provider().create(spec(Map.of("consumerID", "c")));

    assertThat(named.consumerGroup()).isEqualTo("g");
    // consumerID is for the runtime to read, with its placeholders.
    assertThat(byId.consumerGroup()).isNull();
  }

  @Test
  void whatHasFailedComesEveryFiveSecondsForEverUnlessSet() {
    var redelivery = redelivery(Map.of());

    assertThat(pause(redelivery, 1, 0.9)).isEqualTo(Duration.ofSeconds(5));
    assertThat(pause(redelivery, 1_000, 0.1)).isEqualTo(Duration.ofSeconds(5));
    assertThat(redelivery.limit().isReached(1_000_000, Duration.ofDays(1))).isFalse();
    assertThat(redelivery.limit().skips()).isFalse();
  }

  @Test
  void numbersAreMilliseconds() {
    assertThat(pause(redelivery(Map.of("backOffDuration", "250")), 3, 0.5))
        .isEqualTo(Duration.ofMillis(250));
  }

  @Test
  void anExponentialPauseGrowsUpToTheLongest() {
    var redelivery = redelivery(Map.of("backOffPolicy", "exponential", "backOffMaxInterval", "2s"));

    assertThat(pause(redelivery, 1, 0.5)).isEqualTo(Duration.ofMillis(500));
    assertThat(pause(redelivery, 2, 0.5)).isEqualTo(Duration.ofMillis(750));
    assertThat(pause(redelivery, 50, 0.5)).isEqualTo(Duration.ofSeconds(2));
    assertThat(pause(redelivery, 1, 0)).isEqualTo(Duration.ofMillis(250));
    assertThat(redelivery.limit().isReached(2, Duration.ofMinutes(14))).isFalse();
    assertThat(redelivery.limit().isReached(2, Duration.ofMinutes(15))).isTrue();
  }

  @Test
  void skippingIsSaidInSoManyWordsAndMustHaveAnEnd() {
    var counted = redelivery(Map.of("backOffMaxRetries", "2", "onExhausted", "skip"));
    assertThat(counted.limit().skips()).isTrue();
    assertThat(counted.limit().isReached(2, Duration.ZERO)).isFalse();
    assertThat(counted.limit().isReached(3, Duration.ZERO)).isTrue();
    var never = redelivery(Map.of("consumeRetryEnabled", "false", "onExhausted", "skip"));
    assertThat(never.limit().isReached(1, Duration.ZERO)).isTrue();
    assertThat(redelivery(Map.of("backOffMaxRetries", "2")).limit().skips()).isFalse();

    assertThat(problems(Map.of("onExhausted", "skip")))
        .singleElement()
        .asString()
        .contains("backOffMaxRetries");
  }

  @Test
  void whatIsWrongIsSaidAtOnce() {
    assertThat(problems(Map.of(
            "backOffPolicy", "linear",
            "backOffMultiplier", "fast",
            "backOffDuration", "-1",
            "excludeHeaderMetaRegex", "(",
            "schemaRegistryURL", "http://registry",
            "initalOffset", "oldest")))
        .hasSize(6)
        .anyMatch(problem -> problem.contains("did you mean \"initialOffset\""))
        .anyMatch(problem -> problem.contains("rawPayload"));
  }

  @Test
  void settingsOfDaprsThatBelongToARegistryAreReadWithoutEffect() {
    assertThat(problems(Map.of(
            "schemaRegistryAPIKey", "k",
            "schemaRegistryAPISecret", "s",
            "schemaCachingEnabled", "true",
            "schemaLatestVersionCacheTTL", "5m",
            "useAvroJSON", "false",
            "escapeHeaders", "true",
            "consumeRetryInterval", "200")))
        .isEmpty();
  }

  @Test
  void noSecretIsPrinted() {
    var component = new KafkaPubSub.Provider()
        .create(ComponentSpec.of(
            "bus",
            "pubsub.kafka",
            Map.of(
                "brokers", "b:9092",
                "authType", "password",
                "saslUsername", "alice",
                "saslPassword", "s3cret")));

    assertThatThrownBy(() -> ((KafkaPubSub) component)
            .publish(new OutgoingMessage("t", new byte[0], null, null), Deadline.none()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("b:9092")
        .hasMessageNotContaining("s3cret");
    assertThat(component.toString()).doesNotContain("s3cret");
  }

  @Test
  void aPubSubMadeInCodeRefusesWhatMakesNoSense() {
    var component = KafkaPubSub.at("b:9092");
    assertThatThrownBy(() -> component.redeliverAfter(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> component.skipAfter(-1)).isInstanceOf(IllegalArgumentException.class);
  }
}
