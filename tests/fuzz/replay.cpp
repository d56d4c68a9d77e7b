// Runs a fuzz target over files and folders of files, once each: the seed corpus in a build that has no libFuzzer, and an
// input that it found, under a debugger.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** arguments) {
    namespace fs = std::filesystem;
    int inputs = 0;
    const auto replay = [&inputs](const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        if (!in) {
            std::cerr << "cannot read " << path << '\n';
            std::exit(1);
        }
        std::cout << path.filename().string()
                  << std::endl; // before it runs, so that the last one named is the guilty one
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        ++inputs;
    };
    for (int i = 1; i < count; ++i) {
        if (fs::is_directory(arguments[i])) {
            for (const auto& entry : fs::directory_iterator(arguments[i]))
                replay(entry.path());
        } else {
            replay(arguments[i]);
        }
    }
    std::cout << inputs << " inputs\n";
    return inputs > 0 ? 0 : 1;
}
