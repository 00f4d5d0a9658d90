// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.Expressions;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallInterceptor;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.pubsub.spi.PubSubComponent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The engine of the app {@code shop} around one pubsub, {@code bus}. */
final class TestEngine {
  private TestEngine() {}

  /** @param attempts how often a delivery is tried, without a pause */
  static PubSubEngine on(
      PubSubComponent component,
      TimeSource time,
      int attempts,
      Duration drainTimeout,
      CallInterceptor... outermost) {
    var interceptors = new ArrayList<>(List.of(outermost));
    interceptors.add(new Retries(attempts));
    var engine = new PubSubEngine(
        "shop",
        "",
        new Words(),
        CallChain.of(interceptors),
        time,
        call -> attempts,
        ByType::new,
        drainTimeout);
    engine.add("bus", component, ComponentMetadata.of(Map.of()));
    return engine;
  }

  /** The resource {@code orders} for the topic of that name. */
  static void declare(PubSubEngine engine, SubscribeOptions options) {
    var declaration = new SubscriptionDeclaration("orders", "bus", "orders", options);
    assertThat(engine.declare(new DeclaredSubscription(declaration, "orders.yaml:1", List.of())))
        .isEmpty();
  }

  private record Retries(int attempts) implements CallInterceptor {
    @Override
    public <T extends @Nullable Object, E extends Exception> T around(
        Call call, CallBody<T, E> next) throws E {
      for (int left = call.direction() == Call.Direction.INBOUND ? attempts : 1; ; left--) {
        try {
          return next.run(call);
        } catch (Exception e) {
          if (left <= 1) {
            throw e;
          }
        }
      }
    }
  }

  /** Conditions are types of events. */
  private record ByType() implements Expressions {
    @Override
    public Condition compile(String type) {
      if (type.startsWith("wrong")) {
        throw new IllegalArgumentException("no type: " + type);
      }
      return new Condition() {
        @Override
        public boolean test(Map<String, ?> variables) {
          return variables.get("event") instanceof Map<?, ?> event
              && type.equals(event.get("type"));
        }

        @Override
        public Set<String> variables() {
          return type.startsWith("evnt") ? Set.of("evnt") : Set.of("event");
        }
      };
    }
  }

  /** Text, but for the word that nobody can read. */
  private record Words() implements Serializer {
    @Override
    public byte[] serialize(Object value) {
      return value.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    @SuppressWarnings("unchecked") // Tests ask for nothing else.
    public <T> T deserialize(byte[] bytes, TypeRef<T> type) {
      var text = new String(bytes, StandardCharsets.UTF_8);
      if (text.equals("\"unreadable\"")) {
        throw new IllegalArgumentException("as the test wants it");
      }
      return (T) text;
    }

    @Override
    public String contentType() {
      return "application/json";
    }
  }
}
