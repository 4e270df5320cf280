// k6 with the same work: k6 run -e BASE=http://127.0.0.1:8080 --vus 50 --duration 8s k6.js
import http from "k6/http";
import exec from "k6/execution";

const headers = {
  Authorization: "Bearer abcdefghijklmnopqrstuvwxyz",
  Accept: "application/json",
  "Content-Type": "application/json",
};

export default function () {
  const body = JSON.stringify({
    studentUniqueId: `S${exec.scenario.iterationInTest}`,
    firstName: "Ana",
    lastSurname: "Garcia",
    birthDate: "2010-05-12",
    birthCity: "Austin",
    birthSexDescriptor: "uri://ed-fi.org/SexDescriptor#Female",
    otherNames: [
      {
        otherNameTypeDescriptor: "uri://ed-fi.org/OtherNameTypeDescriptor#Nickname",
        firstName: "Annie",
        lastSurname: "Garcia",
      },
    ],
    visas: [],
    identificationDocuments: [],
    personalIdentificationDocuments: [],
  });
  const made = http.post(`${__ENV.BASE}/data/ed-fi/students`, body, { headers });
  http.get(made.headers.Location, { headers, tags: { name: "students/{id}" } });
}

export function handleSummary(data) {
  const { http_reqs: all, http_req_failed: failed } = data.metrics;
  const told = { requests: all.values.count, failed: failed.values.passes, seconds: data.state.testRunDurationMs / 1e3 };
  return { stdout: `${JSON.stringify(told).replace('{"requests":', '{"requests": ')}\n` };
}
