// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import static dev.pillion.appchannel.TestChannel.options;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.call.CallContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HeadersTest {
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  private static final String CALLERS = "00-11111111111111111111111111111111-2222222222222222-00";

  private final InMemoryApp app = new InMemoryApp();

  private Map<String, List<String>> sent(
      AppOptions options, Map<String, String> trace, Map<String, List<String>> headers) {
    try (var channel = TestChannel.to(app, options)) {
      var request = new InvocationRequest("POST", "orders", "", headers, "text/plain", Body.EMPTY);
      channel.channel.invoke(request, CallContext.of(Deadline.none(), trace)).close();
    }
    return app.requests.get(0).headers();
  }

  @Test
  void headersOfOneConnectionAreNotPassedOnInWhateverCase() {
    var headers = new LinkedHashMap<String, List<String>>();
    for (String name : List.of(
        "Connection",
        "Keep-Alive",
        "proxy-connection",
        "Transfer-Encoding",
        "UPGRADE",
        "HTTP2-Settings",
        "TE",
        "Trailer",
        "Proxy-Authorization",
        "Proxy-Authenticate",
        "destination-app-id")) {
      headers.put(name, List.of("x"));
    }
    headers.put("Accept", List.of("*/*"));
    assertThat(sent(options(), Map.of(), headers)).isEqualTo(Map.of("Accept", List.of("*/*")));
  }

  @Test
  void headersThatConnectionNamesGoWithIt() {
    var sent = sent(
        options(),
        Map.of(),
        Map.of(
            "connection", List.of("close, X-Once", "x-twice"),
            "x-once", List.of("1"),
            "X-Twice", List.of("2"),
            "X-Kept", List.of("3")));
    assertThat(sent).isEqualTo(Map.of("X-Kept", List.of("3")));
  }

  @Test
  void valuesAndCaseOfAllOthersStay() {
    var headers = Map.of(
        "X-Many", List.of("1", "2"), "x-data-bin", List.of("AQI="), "Authorization", List.of("b"));
    assertThat(sent(options(), Map.of(), headers)).isEqualTo(headers);
  }

  @Test
  void theAppsTokenReplacesTheCallers() {
    var headers = Map.of("Dapr-Api-Token", List.of("callers"), "dapr-api-token", List.of("too"));
    assertThat(sent(options().token("apps"), Map.of(), headers))
        .isEqualTo(Map.of("dapr-api-token", List.of("apps")));
  }

  @Test
  void theCallersTokenIsTakenAwayEvenIfTheAppHasNone() {
    assertThat(sent(options(), Map.of(), Map.of("Dapr-Api-Token", List.of("callers"))))
        .isEmpty();
  }

  @Test
  void theTraceOfTheCallReplacesTheCallers() {
    var sent = sent(
        options(),
        Map.of("traceparent", PARENT, "baggage", "a=1"),
        Map.of(
            "Traceparent", List.of(CALLERS),
            "tracestate", List.of("old=1"),
            "grpc-trace-bin", List.of("AAAA"),
            "Baggage", List.of("b=2")));
    assertThat(sent).isEqualTo(Map.of("traceparent", List.of(PARENT), "baggage", List.of("a=1")));
  }

  @Test
  void theCallersTraceStaysWhereTheCallHasNone() {
    var headers = Map.of(
        "Traceparent", List.of(CALLERS), "Tracestate", List.of("a=1"), "baggage", List.of("b=2"));
    assertThat(sent(options(), Map.of(), headers)).isEqualTo(headers);
  }

  @Test
  void theAnswersHeadersOfOneConnectionAndItsTokenAreNotPassedBack() {
    app.handler = (request, deadline) -> InvocationResponse.of(
        200,
        Map.of(
            "Connection", List.of("x-once"),
            "X-Once", List.of("1"),
            "dapr-api-token", List.of("apps"),
            "Set-Cookie", List.of("a", "b")),
        "",
        new byte[0]);
    try (var channel = TestChannel.to(app, options());
        var answer = channel.channel.invoke(
            InvocationRequest.post("orders", "", new byte[0]), CallContext.EMPTY)) {
      assertThat(answer.headers()).isEqualTo(Map.of("Set-Cookie", List.of("a", "b")));
    }
  }
}
