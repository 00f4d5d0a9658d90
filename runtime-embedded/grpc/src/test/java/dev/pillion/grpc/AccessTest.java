// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.TestFacade.STORE;
import static dev.pillion.grpc.TestFacade.header;
import static dev.pillion.grpc.TestFacade.info;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.engine.InMemoryStateStore;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Who may call what. Every test walks all rpcs there are, so that a new one is in it. */
class AccessTest {
  private static final String TOKEN = "canary-9f2c";
  /** Reflection, and a service that nobody serves: calls of those are passed on. */
  private static final List<String> OTHERS = List.of(
      "shop.v1.Shop/Buy",
      "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");

  private static TestFacade start(GrpcFacade facade) {
    return TestFacade.start(facade, builder -> builder.component(STORE, new InMemoryStateStore()));
  }

  private static Metadata token(String token) {
    return header("dapr-api-token", token);
  }

  /** All rpcs, the one that ends the facade last. */
  private static List<String> everyMethod() {
    return Stream.concat(
            OTHERS.stream(),
            RawCalls.daprMethods().stream()
                .sorted(
                    (a, b) -> Boolean.compare(a.endsWith("/Shutdown"), b.endsWith("/Shutdown"))))
        .toList();
  }

  private static void assertUnauthorized(TestFacade facade, Metadata headers, String detail) {
    for (String method : everyMethod()) {
      var failure = RawCalls.failure(facade.channel(), method, headers);
      assertThat(failure).as(method).isNotNull();
      failure
          .has(Code.UNAUTHENTICATED, "Unauthorized")
          .hasDetails(
              info("Unauthorized", Map.of("http.code", "401", "http.error_message", detail)));
    }
  }

  @Test
  void withoutTheTokenNothingIsServed() {
    try (var facade = start(TestFacade.facade().token(TOKEN))) {
      assertUnauthorized(facade, new Metadata(), "missing api token in request metadata");
      var mismatch = "authentication error: api token mismatch";
      for (String wrong : List.of(
          "", "canary-9f2", "canary-9f2cc", "CANARY-9F2C", " canary-9f2c", "Bearer canary-9f2c")) {
        assertUnauthorized(facade, token(wrong), mismatch);
      }
      var second = token("wrong");
      second.merge(token(TOKEN));
      assertUnauthorized(facade, second, mismatch);
      assertUnauthorized(
          facade, header("authorization", TOKEN), "missing api token in request metadata");
      // No call got as far as to end it.
      assertThat(facade.runtime().state(STORE).get("key", byte[].class)).isEmpty();
    }
  }

  @Test
  void withTheTokenEverythingIsServed() {
    try (var facade = start(TestFacade.facade().token(TOKEN))) {
      for (String method : everyMethod()) {
        var failure = RawCalls.failure(facade.channel(), method, token(TOKEN));
        if (failure != null) {
          assertThat(failure.thrown().getStatus().getCode())
              .as(method)
              .isNotEqualTo(Code.UNAUTHENTICATED);
        }
      }
    }
  }

  @Test
  void theTokenOfTheEnvironmentCountsUnlessOneIsSet() {
    var environment = Map.of("DAPR_API_TOKEN", TOKEN);
    try (var facade = start(new GrpcFacade(0, null, null, environment))) {
      assertUnauthorized(facade, new Metadata(), "missing api token in request metadata");
      assertThat(RawCalls.failure(
              facade.channel(), "dapr.proto.runtime.v1.Dapr/GetMetadata", token(TOKEN)))
          .isNull();
    }
    try (var facade = start(new GrpcFacade(0, null, null, environment).token("other"))) {
      assertUnauthorized(facade, token(TOKEN), "authentication error: api token mismatch");
    }
    try (var facade = start(new GrpcFacade(0, null, null, Map.of("DAPR_API_TOKEN", "")))) {
      assertThat(RawCalls.failure(
              facade.channel(), "dapr.proto.runtime.v1.Dapr/GetMetadata", new Metadata()))
          .isNull();
    }
  }

  @Test
  void aTokenThatNoHeaderCarriesIsAProblemAndIsNotTold() {
    for (String odd : List.of(TOKEN + "\n", " " + TOKEN, TOKEN + "\u00E9")) {
      var facade = new GrpcFacade(0, null, null, Map.of("DAPR_API_TOKEN", odd));
      assertThatThrownBy(() -> EmbeddedRuntime.builder("checkout").with(facade))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining("token")
          .hasMessageNotContaining(TOKEN);
    }
  }

  @Test
  void everyRpcIsInOneGroup() {
    var seen = new HashSet<String>();
    for (String group : ApiGroups.names()) {
      for (String method : ApiGroups.methods(Set.of(group))) {
        assertThat(seen.add(method)).as(method + " is in two groups").isTrue();
      }
    }

    assertThat(seen).containsExactlyInAnyOrderElementsOf(RawCalls.daprMethods());
  }

  /** The rpcs that answer something else than that they are not available. */
  private static Set<String> served(TestFacade facade) {
    return everyMethod().stream()
        .filter(method -> {
          var failure = RawCalls.failure(facade.channel(), method, new Metadata());
          if (failure == null
              || !"Not Implemented".equals(failure.thrown().getStatus().getDescription())) {
            return true;
          }
          failure
              .has(Code.UNIMPLEMENTED, "Not Implemented")
              .hasDetails(info(
                  "Not Implemented",
                  Map.of(
                      "http.code",
                      "501",
                      "http.error_message",
                      "requested endpoint is not available")));
          return false;
        })
        .map(method -> method.substring(method.indexOf('/') + 1))
        .collect(Collectors.toSet());
  }

  @Test
  void onlyWhatIsAllowedIsServed() {
    var allowed = TestFacade.facade().allowedApis("state.v1", "metadata.v1");
    try (var facade = start(allowed)) {
      assertThat(served(facade))
          .containsExactlyInAnyOrder(
              "GetState",
              "GetBulkState",
              "SaveState",
              "DeleteState",
              "DeleteBulkState",
              "ExecuteStateTransaction",
              "GetMetadata",
              "SetMetadata",
              "ServerReflectionInfo");
    }
  }

  @Test
  void whatIsDeniedIsNotServed() {
    try (var facade = start(TestFacade.facade().deniedApis("state.v1", "shutdown.v1"))) {
      assertThat(served(facade))
          .hasSize(everyMethod().size() - 1 - 7)
          .doesNotContain("GetState", "SaveState", "Shutdown")
          .contains("QueryStateAlpha1", "GetMetadata");
    }
  }

  @Test
  void whatIsDeniedIsDeniedEvenWhenAllowed() {
    var both = TestFacade.facade().allowedApis("state.v1", "metadata.v1").deniedApis("state.v1.0");
    try (var facade = start(both)) {
      assertThat(served(facade))
          .containsExactlyInAnyOrder("GetMetadata", "SetMetadata", "ServerReflectionInfo");
    }
  }

  @Test
  void theTokenIsAskedForBeforeAnythingElseIsSaid() {
    try (var facade = start(TestFacade.facade().token(TOKEN).deniedApis("state.v1"))) {
      assertUnauthorized(facade, new Metadata(), "missing api token in request metadata");
    }
  }

  @Test
  void groupsHaveDaprsSecondSpellingToo() {
    assertThat(ApiGroups.canonical("state.v1.0")).isEqualTo("state.v1");
    assertThat(ApiGroups.canonical("state.v1.0-alpha1")).isEqualTo("state.v1alpha1");
    assertThat(ApiGroups.canonical("conversation.v1.0-alpha2")).isEqualTo("conversation.v1alpha2");
    assertThat(ApiGroups.canonical("state.v1")).isEqualTo("state.v1");
  }

  @Test
  void anUnknownGroupIsAProblemOfTheConfiguration() {
    var facade = TestFacade.facade().allowedApis("stat.v1", "metadata.v1").deniedApis("lock.v1");

    assertThatThrownBy(() -> EmbeddedRuntime.builder("checkout").with(facade))
        .isInstanceOfSatisfying(InvalidConfigurationException.class, e -> assertThat(e.problems())
            .hasSize(2)
            .anyMatch(problem -> problem.contains("\"stat.v1\""))
            .anyMatch(problem -> problem.contains("\"lock.v1\"")));
  }

  @Test
  void theTokenIsNeverTold() {
    var root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    var ours = (Logger) LoggerFactory.getLogger("dev.pillion");
    var events = new ListAppender<ILoggingEvent>();
    events.start();
    root.addAppender(events);
    ours.setLevel(Level.TRACE);
    try {
      var options = TestFacade.facade().token(TOKEN);
      try (var facade = start(options)) {
        for (var headers : List.of(new Metadata(), token("wrong"), token(TOKEN))) {
          for (String method : everyMethod()) {
            var failure = method.endsWith("/Shutdown")
                ? null
                : RawCalls.failure(facade.channel(), method, headers);
            assertThat(String.valueOf(failure)).doesNotContain(TOKEN);
          }
        }
        assertThat(facade.runtime().describe().toString()).doesNotContain(TOKEN);
      }
      assertThat(options.toString()).doesNotContain(TOKEN);
    } finally {
      ours.setLevel(Level.WARN);
      root.detachAppender(events);
    }
    assertThat(events.list.stream().map(ILoggingEvent::getFormattedMessage))
        .isNotEmpty()
        .noneMatch(line -> line.contains(TOKEN));
  }
}
